import { MAX_GOSSIP_BYTES } from '@chorus/protocol';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { type Message, TopicValidatorResult } from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { beforeEach, describe, expect, test } from 'vitest';
import { boundedStanding, Judge } from './gossip.ts';
import { MAX_STANDING, MAX_TOPIC_MESSAGES_PER_WINDOW } from './limits.ts';
import { BLAME, PeerBook } from './peer-book.ts';

const TOPIC = '/chorus/1/judge';
const { Accept, Ignore, Reject } = TopicValidatorResult;
const someone = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
const signed = (from: PeerId, sequenceNumber: bigint, data = Uint8Array.of(1)): Message =>
  ({ type: 'signed', topic: TOPIC, from, data, sequenceNumber }) as Message;

describe('judging messages', () => {
  let book: PeerBook;
  let judge: Judge;
  let heard: number;
  let [author, neighbour] = [] as unknown as [PeerId, PeerId];
  beforeEach(async () => {
    book = new PeerBook();
    judge = new Judge(book);
    heard = 0;
    [author, neighbour] = [await someone(), await someone()];
  });
  const validator = (verdict: 'accept' | 'ignore' | 'reject' = 'accept') =>
    judge.validatorOf(TOPIC, () => {
      heard++;
      return verdict;
    });

  test("a handler's three verdicts are gossipsub's, counted, and only a rejection blames who passed it on", async () => {
    for (const [verdict, result] of [
      ['accept', Accept],
      ['ignore', Ignore],
      ['reject', Reject],
    ] as const) {
      const before = book.points(neighbour.toString());
      expect(await validator(verdict)(neighbour, signed(author, BigInt(heard)))).toBe(result);
      expect(book.points(neighbour.toString()) > before).toBe(verdict === 'reject');
    }
    expect(judge.countsOf(TOPIC)).toEqual({ accepted: 1, ignored: 1, rejected: 1, published: 0 });
    expect(book.points(author.toString())).toBe(0);
  });

  test('a replay is ignored unheard, and costs whoever replays it', async () => {
    const validate = validator();
    expect(await validate(neighbour, signed(author, 7n))).toBe(Accept);
    expect(await validate(neighbour, signed(author, 7n))).toBe(Ignore);
    expect(heard).toBe(1);
    expect(book.points(neighbour.toString())).toBeCloseTo(BLAME['replayed-message']);
  });

  test('unsigned and oversized messages are rejected unheard', async () => {
    const validate = validator();
    const unsigned = { type: 'unsigned', topic: TOPIC, data: Uint8Array.of(1) } as Message;
    expect(await validate(neighbour, unsigned)).toBe(Reject);
    expect(await validate(neighbour, signed(author, 1n, new Uint8Array(MAX_GOSSIP_BYTES + 1)))).toBe(Reject);
    expect(heard).toBe(0);
  });

  test('what a banned author says is ignored, whoever passes it on, and nobody is blamed for that', async () => {
    book.ban(author.toString(), 60_000, 'test');
    expect(await validator()(neighbour, signed(author, 1n))).toBe(Ignore);
    expect(heard).toBe(0);
    expect(book.points(neighbour.toString())).toBe(0);
  });

  test('an author is heard so often and no more; it is blamed where it sends that itself', async () => {
    const validate = validator();
    for (let i = 0; i < MAX_TOPIC_MESSAGES_PER_WINDOW; i++) {
      expect(await validate(neighbour, signed(author, BigInt(i)))).toBe(Accept);
    }
    expect(await validate(neighbour, signed(author, 1000n))).toBe(Ignore);
    expect(book.points(neighbour.toString())).toBe(0);
    expect(await validate(author, signed(author, 1001n))).toBe(Ignore);
    expect(book.points(author.toString())).toBeCloseTo(BLAME['topic-flood']);
    expect(await validate(neighbour, signed(neighbour, 1n))).toBe(Accept);
  });
});

test('a standing counts within bounds, and not at all where it is no number or fails', () => {
  expect(boundedStanding(() => 1e9, 'x')).toBe(MAX_STANDING);
  expect(boundedStanding(() => Number.NEGATIVE_INFINITY, 'x')).toBe(-MAX_STANDING);
  expect(boundedStanding(() => Number.NaN, 'x')).toBe(0);
  const failing = () => {
    throw new Error('no');
  };
  expect(boundedStanding(failing, 'x')).toBe(0);
});
