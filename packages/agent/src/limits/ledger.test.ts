import { describe, expect, it } from 'vitest';
import { LimitLedger } from './ledger.ts';

const limits = { steps: 2, tokens: 100, seconds: 10, depth: 3, concurrent: 2 };
const open = () => new LimitLedger(limits).open(0);

describe('the limits of an agent', () => {
  it('a request over the number at once is refused until another one ends', () => {
    const ledger = new LimitLedger(limits);
    const [first] = [ledger.open(0), ledger.open(0)];
    expect(() => ledger.open(0)).toThrow(expect.objectContaining({ code: 'E_AGENT_BUSY' }));
    first!.close();
    first!.close();
    expect(ledger.running).toBe(1);
    ledger.open(0);
    expect(ledger.running).toBe(2);
  });

  it('a call of the model gets the tokens that earlier ones left', () => {
    const request = open();
    expect(request.step(30)).toBe(70);
    request.spend({ inputTokens: 25, outputTokens: 15 }, { input: 30, output: 20 });
    expect(request.tokensLeft).toBe(60);
    expect(request.step(50)).toBe(10);
  });

  it('tokens that a model does not report are counted as estimated', () => {
    const request = open();
    request.spend({ inputTokens: null, outputTokens: null }, { input: 30, output: 20 });
    expect(request.tokensLeft).toBe(50);
  });

  it('a request without tokens for an answer is refused', () => {
    expect(() => open().step(100)).toThrow(expect.objectContaining({ code: 'E_AGENT_BUDGET' }));
  });

  it('a request makes no more calls of the model than its steps', () => {
    const request = open();
    request.step(1);
    request.step(1);
    expect(() => request.step(1)).toThrow(expect.objectContaining({ code: 'E_AGENT_BUDGET' }));
  });

  it('a model that writes more than its tokens can be is cut off', () => {
    const request = open();
    request.step(99);
    request.write(64);
    expect(() => request.write(1)).toThrow(expect.objectContaining({ code: 'E_AGENT_BUDGET' }));
  });

  it('time is counted from the beginning of a request', () => {
    const request = new LimitLedger(limits).open(5_000);
    expect(request.millisecondsLeft(5_000)).toBe(10_000);
    expect(request.millisecondsLeft(14_999)).toBe(1);
    expect(request.millisecondsLeft(99_999)).toBe(0);
  });
});
