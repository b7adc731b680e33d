import { MAX_GOSSIP_BYTES } from '@chorus/protocol';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { type Message, TopicValidatorResult } from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  GOSSIP_OVERHEAD_BYTES,
  MAX_GOSSIP_BYTES_PER_WINDOW,
  MAX_JUDGED_PER_WINDOW,
  MAX_PASSED_BYTES_PER_WINDOW,
  MAX_PEER_SCORE,
  MAX_TOPIC_MESSAGES_PER_WINDOW,
} from '../core/limits.ts';
import { BLAME, PeerReputation } from '../peers/peer-reputation.ts';
import { boundedPeerScore, fastMessageId, Judge } from './gossip.ts';

const TOPIC = '/chorus/1/judge';
const { Accept, Ignore, Reject } = TopicValidatorResult;
const someone = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
const signed = (from: PeerId, sequenceNumber: bigint, data = Uint8Array.of(1)): Message =>
  ({ type: 'signed', topic: TOPIC, from, data, sequenceNumber }) as Message;

describe('judging messages', () => {
  let book: PeerReputation;
  let judge: Judge;
  let heard: number;
  let [author, neighbour] = [] as unknown as [PeerId, PeerId];
  beforeEach(async () => {
    book = new PeerReputation();
    judge = new Judge(book);
    heard = 0;
    [author, neighbour] = [await someone(), await someone()];
  });
  const validator = (verdict: 'accept' | 'ignore' | 'reject' = 'accept') =>
    judge.validatorOf(TOPIC, () => {
      heard++;
      return verdict;
    });

  test("a handler's three verdicts become gossipsub's and are counted, and only a rejection blames the sender", async () => {
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

  test('a replay is ignored before the handler, and only its author is blamed for sending it', async () => {
    const validate = validator();
    expect(await validate(neighbour, signed(author, 7n))).toBe(Accept);
    for (let i = 0; i < 50; i++) expect(await validate(neighbour, signed(author, 7n))).toBe(Ignore);
    expect(heard).toBe(1);
    expect(book.points(neighbour.toString())).toBe(0);
    expect(await validate(author, signed(author, 7n))).toBe(Ignore);
    expect(book.points(author.toString())).toBeCloseTo(BLAME['replayed-message']);
  });

  test('a neighbour can deliver a bounded number of messages, of any author and topic', async () => {
    const validate = validator('ignore');
    for (let i = 0; i < MAX_JUDGED_PER_WINDOW; i++) {
      const message = signed(author, BigInt(i));
      expect(await (i % 2 ? validate : judge.stranger)(neighbour, message)).toBe(Ignore);
    }
    expect(book.points(neighbour.toString())).toBe(0);
    const before = heard;
    expect(await validate(neighbour, signed(await someone(), 1n))).toBe(Ignore);
    expect(heard).toBe(before);
    expect(book.points(neighbour.toString())).toBeCloseTo(BLAME['gossip-flood']);
  });

  test('accepted messages are handled, but passed on only within the rate that neighbours accept', async () => {
    const validate = validator();
    const data = new Uint8Array(MAX_GOSSIP_BYTES);
    const tries = (4 * MAX_GOSSIP_BYTES_PER_WINDOW) / MAX_GOSSIP_BYTES;
    let passed = 0;
    for (let i = 0; i < tries; i++) {
      // Each neighbour and each author keeps to its own limit.
      const verdict = await validate(await someone(), signed(await someone(), 1n, data));
      if (verdict === Accept) passed += data.length + GOSSIP_OVERHEAD_BYTES;
    }
    expect(heard).toBe(tries);
    expect(passed).toBeGreaterThan(MAX_PASSED_BYTES_PER_WINDOW / 2);
    // Two windows of this node may fall into one of a neighbour's.
    expect(2 * passed).toBeLessThanOrEqual(MAX_GOSSIP_BYTES_PER_WINDOW);
  });

  test('unsigned and oversized messages are rejected before the handler', async () => {
    const validate = validator();
    const unsigned = { type: 'unsigned', topic: TOPIC, data: Uint8Array.of(1) } as Message;
    expect(await validate(neighbour, unsigned)).toBe(Reject);
    expect(await validate(neighbour, signed(author, 1n, new Uint8Array(MAX_GOSSIP_BYTES + 1)))).toBe(Reject);
    expect(heard).toBe(0);
  });

  test('messages of a banned author are ignored from every neighbour, without blame', async () => {
    book.ban(author.toString(), 60_000, 'test');
    expect(await validator()(neighbour, signed(author, 1n))).toBe(Ignore);
    expect(heard).toBe(0);
    expect(book.points(neighbour.toString())).toBe(0);
  });

  test('an author is limited to a number of messages, and blamed if it sends more itself', async () => {
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

test('a message counts as a copy only if every signed field and the signature are equal', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const message = { from: bytes(1), seqno: bytes(2), signature: bytes(3), topic: 'ab', data: bytes(4, 5) };
  const ids = [
    message,
    { ...message, from: bytes(9) },
    { ...message, seqno: bytes(9) },
    { ...message, signature: bytes(9) },
    { ...message, key: bytes() },
    { ...message, topic: 'a', data: bytes(98, 4, 5) },
    { ...message, data: bytes(4) },
    { ...message, from: bytes(1, 2), seqno: bytes() },
  ].map(fastMessageId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(fastMessageId({ ...message })).toBe(ids[0]);
});

test('a peer score counts within bounds, and not at all if it is not a number or fails', () => {
  expect(boundedPeerScore(() => 1e9, 'x')).toBe(MAX_PEER_SCORE);
  expect(boundedPeerScore(() => Number.NEGATIVE_INFINITY, 'x')).toBe(-MAX_PEER_SCORE);
  expect(boundedPeerScore(() => Number.NaN, 'x')).toBe(0);
  const failing = () => {
    throw new Error('no');
  };
  expect(boundedPeerScore(failing, 'x')).toBe(0);
});
