import { stripVTControlCharacters } from 'node:util';
import type { AgentDocument, PaymentDocument } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { paymentLines, totalLines } from './payments-view.ts';
import { answersText, earnedText, servedLines } from './served-view.ts';

const TOKEN = `0x${'ab'.repeat(20)}`;
const WALLET = `0x${'cd'.repeat(20)}`;
const text = (lines: string[]) => stripVTControlCharacters(lines.join('\n'));

const agent = (change: Partial<AgentDocument> = {}): AgentDocument => ({
  name: 'guide',
  title: 'Harbour guide',
  description: '',
  version: '1',
  file: '/home/me/guide.yaml',
  state: 'serving',
  problem: null,
  model: { kind: 'chat', name: 'small' },
  tools: [],
  urls: { http: 'https://a.example/agents/guide/', libp2p: 'libp2p://k51/agents/guide/' },
  identity: { agentId: '7', retired: false },
  price: null,
  offers: [],
  earned: [],
  since: null,
  load: { tasks: 1, streams: 0 },
  answers: { completed: 0, 'input-required': 0, rejected: 0, cancelled: 0, failed: 0 },
  ...change,
});

describe('an agent of a node', () => {
  it('that others can find and call has no hint what to do', () => {
    const shown = text(servedLines(agent()));
    expect(shown).toContain('guide (Harbour guide)');
    expect(shown).toContain('1 task, 0 event streams');
    expect(shown).not.toContain('chorus agent register');
    expect(shown).not.toContain('gateway.enabled');
  });

  it('without a gateway or an identity says how to get them', () => {
    const shown = text(servedLines(agent({ urls: { http: null, libp2p: 'libp2p://k51/' }, identity: null })));
    expect(shown).toContain('chorus config set gateway.enabled true');
    expect(shown).toContain('chorus agent register guide');
  });

  it('that cannot be opened says why and what to do, and nothing of finding it', () => {
    const problem = { code: 'E_TOOL_DRIFT', message: 'a tool has changed', facts: {}, hint: 'accept it' };
    const shown = text(
      servedLines(agent({ state: 'failed', problem: problem as AgentDocument['problem'], identity: null })),
    );
    expect(shown).toContain('E_TOOL_DRIFT: a tool has changed');
    expect(shown).toContain('accept it');
    expect(shown).not.toContain('chorus agent register');
  });

  it('shows tools that it may not use with their state, and a retired identity as such', () => {
    const tools = [
      { server: 'files', name: 'read', state: 'accepted' },
      { server: 'files', name: 'write', state: 'changed' },
    ] as AgentDocument['tools'];
    const shown = text(servedLines(agent({ tools, identity: { agentId: '7', retired: true } })));
    expect(shown).toContain('read, write (changed, not used)');
    expect(shown).toContain('agent 7, retired');
  });

  it('lists outcomes that occurred, and what it was paid by token', () => {
    expect(answersText(agent().answers)).toBe('none yet');
    expect(answersText({ ...agent().answers, completed: 3, failed: 1 })).toBe('3 completed, 1 failed');
    expect(earnedText({ earned: [] })).toBe('nothing yet');
    expect(
      earnedText({
        earned: [
          { token: TOKEN, symbol: 'CHOR', decimals: 2, amount: '150', calls: 1 },
          { token: WALLET, symbol: null, decimals: null, amount: '9', calls: 2 },
        ],
      }),
    ).toBe('1.5 CHOR for 1 call, 9 units of an unknown token for 2 calls');
  });
});

const payment = (change: Partial<PaymentDocument> = {}): PaymentDocument =>
  ({
    id: 'a',
    direction: 'in',
    agent: 'guide',
    payer: WALLET,
    payee: TOKEN,
    token: TOKEN,
    symbol: 'CHOR',
    decimals: 2,
    amount: '250',
    state: 'answered',
    reason: null,
    at: '2026-11-30T12:34:56.789Z',
    transaction: null,
    channel: null,
    input: `0x${'11'.repeat(32)}`,
    output: null,
    checks: [],
    ...change,
  }) as PaymentDocument;

describe('a payment', () => {
  it('says what came in from whom, and what went out to whom', () => {
    expect(text(paymentLines(payment()))).toMatch(/^\+ 2\.5 CHOR {2}for a call of guide, from 0xcdcd/);
    expect(text(paymentLines(payment({ direction: 'out', agent: '7' })))).toMatch(
      /^- 2\.5 CHOR {2}for a call of agent 7, to 0xabab/,
    );
  });

  it('shows its time without fractions, its state in words, and each check', () => {
    const checks = [
      { check: 'chain', ok: true, detail: 'as asked' },
      { check: 'receipt', ok: false, detail: 'signed by another key' },
    ] as PaymentDocument['checks'];
    const shown = text(paymentLines(payment({ checks, state: 'refused', reason: 'too late' })));
    expect(shown).toContain('2026-11-30 12:34:56');
    expect(shown).toContain('signed; the agent did not take it');
    expect(shown).toMatch(/because +too late/);
    expect(shown).toMatch(/chain +ok {2}as asked/);
    expect(shown).toMatch(/receipt +failed {2}signed by another key/);
  });

  it('shows what the other side wrote without control characters', () => {
    const shown = paymentLines(payment({ symbol: 'A\u001b[2J', reason: '\u009b2J' })).join('\n');
    expect(shown).not.toContain('\u001b[2J');
    expect(shown).not.toContain('\u009b');
  });

  it('counts towards the sums unless no money has moved', () => {
    const of = (state: PaymentDocument['state'], amount: string, direction: 'in' | 'out' = 'in') =>
      payment({ state, amount, direction });
    expect(
      text(
        totalLines([
          of('answered', '250'),
          of('settled', '50'),
          of('void', '999'),
          of('refused', '999', 'out'),
          of('intent', '999', 'out'),
          of('signed', '100', 'out'),
        ]),
      ),
    ).toBe('\nin 3 CHOR, out 1 CHOR');
    expect(totalLines([of('void', '1')])).toEqual([]);
  });

  it('of each token has a sum of its own', () => {
    const other = payment({ token: WALLET, symbol: null, decimals: null, amount: '7' });
    expect(totalLines([payment(), other])).toHaveLength(3);
  });
});
