import { keysOfSeed } from '@chorus/a2a/names';
import type { Address } from '@chorus/protocol';
import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, readAnswer, signAnswer } from './answer.ts';
import { type Ask, digestOfAsk, MAX_ASK_SECONDS, readAsk, signAsk } from './ask.ts';
import {
  decodeAnswers,
  decodeOrder,
  decodeReply,
  encodeAnswers,
  encodeOrder,
  encodeReply,
} from './exchange.ts';

const registry = { chainId: 1337, address: `0x${'1a'.repeat(20)}` as Address };
const seed = new Uint8Array(32).fill(1);
const { peerId } = keysOfSeed(seed);
const token = `0x${'0c'.repeat(20)}` as Address;
const ask: Ask = {
  ...{
    peer: peerId,
    nonce: new Uint8Array(16).fill(3),
    text: 'a chart of the peg',
    skill: 'chart',
    kind: null,
  },
  ...{ token, budget: 10n ** 30n, seconds: 600, issuedAt: 1_000, expiresAt: 1_060 },
  addresses: ['/ip4/127.0.0.1/tcp/1'],
};
const answer: Answer = {
  ...{
    peer: peerId,
    ask: digestOfAsk(signAsk(registry, ask, seed)),
    agentId: 7n,
    name: 'charts',
    offer: 'chart',
  },
  ...{ kind: 'job', token, units: 5n, seconds: 60, issuedAt: 1_000, expiresAt: 1_600 },
};
const malformed = expect.objectContaining({ code: 'E_MARKET_MESSAGE' });

describe('an ask', () => {
  it('an ask is read as it was signed', () => {
    expect(readAsk(registry, signAsk(registry, ask, seed))).toEqual(ask);
  });

  it('one of another key, registry or purpose, or changed in one byte, is refused', () => {
    const bytes = signAsk(registry, ask, seed);
    expect(() => readAsk({ ...registry, chainId: 1 }, bytes)).toThrow(malformed);
    expect(() => readAsk(registry, signAsk(registry, ask, new Uint8Array(32).fill(2)))).toThrow(malformed);
    expect(() => readAsk(registry, signAnswer(registry, answer, seed))).toThrow(malformed);
    for (let i = 0; i < bytes.length; i += 3) {
      const changed = bytes.slice();
      changed[i]! ^= 1;
      expect(() => readAsk(registry, changed)).toThrow(malformed);
    }
  });

  it('one that holds too long, says too much, or steers a terminal is refused', () => {
    const bad: Partial<Ask>[] = [
      { expiresAt: ask.issuedAt + MAX_ASK_SECONDS + 1 },
      { expiresAt: ask.issuedAt },
      { text: 'x'.repeat(501) },
      { text: 'a\u001b[2Jb' },
      { text: '' },
      { skill: '\u202e' },
      { budget: -1n },
      { budget: 10n ** 40n },
      { seconds: 0 },
      { seconds: 1.5 },
      { nonce: new Uint8Array(15) },
      { kind: 'gift' as never },
      { addresses: ['no address'] },
    ];
    for (const change of bad) {
      const bytes = signAsk(registry, { ...ask, ...change }, seed);
      expect(() => readAsk(registry, bytes), JSON.stringify(Object.keys(change))).toThrow(malformed);
    }
    expect(() => readAsk(registry, new Uint8Array(3_000))).toThrow('2048 bytes');
  });
});

describe('an answer', () => {
  it('an answer is read as it was signed, and not with another price', () => {
    expect(readAnswer(registry, signAnswer(registry, answer, seed))).toEqual(answer);
    const forged = signAnswer(registry, { ...answer, units: 4n }, new Uint8Array(32).fill(2));
    expect(() => readAnswer(registry, forged)).toThrow(malformed);
  });

  it('a job for nothing, or a price that holds for ever, is refused', () => {
    for (const change of [
      { units: 0n },
      { expiresAt: answer.issuedAt + 901 },
      { name: '../x' },
      { offer: 'A' },
    ]) {
      expect(() => readAnswer(registry, signAnswer(registry, { ...answer, ...change }, seed))).toThrow(
        malformed,
      );
    }
    expect(
      readAnswer(registry, signAnswer(registry, { ...answer, kind: 'call', units: 0n }, seed)).units,
    ).toBe(0n);
  });
});

describe('messages between who asks and who offers', () => {
  it('messages are read as they were written', () => {
    const bytes = signAnswer(registry, answer, seed);
    expect(decodeAnswers(encodeAnswers([bytes]))).toEqual([bytes]);
    const deliver = { type: 'deliver' as const, job: 3n, document: bytes };
    expect(decodeOrder(encodeOrder(deliver))).toEqual(deliver);
    const reserve = { type: 'reserve' as const, answer: bytes, document: new Uint8Array(32) };
    expect(decodeOrder(encodeOrder(reserve))).toEqual(reserve);
    expect(decodeReply(encodeReply({ ok: false, why: 'x'.repeat(500) })).why).toHaveLength(300);
  });

  it('whatever bytes come, they are read or refused as no message', () => {
    const readers = [
      (bytes: Uint8Array) => readAsk(registry, bytes),
      (bytes: Uint8Array) => readAnswer(registry, bytes),
      decodeAnswers,
      decodeOrder,
      decodeReply,
    ];
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.jsonValue().map((value) => encode(value)),
      fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }).map((list) => encode({ answers: list })),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        for (const read of readers) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toEqual(malformed);
          }
        }
      }),
    );
  });
});
