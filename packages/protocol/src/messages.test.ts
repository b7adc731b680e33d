import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from './errors.ts';
import {
  decodeAvailableRequest,
  decodeAvailableResponse,
  decodeGossip,
  decodeVoteRequest,
  decodeVoteResponse,
  encodeMessage,
  type Presence,
  topicOf,
} from './messages.ts';

const presence: Presence = {
  type: 'presence',
  taskId: 3n,
  round: 1,
  stage: 'training',
  peerId: '12D3KooWExamplePeer',
  multiaddrs: ['/ip4/127.0.0.1/tcp/4001'],
};

describe('messages', () => {
  it('round-trip, small and large task ids alike', () => {
    for (const taskId of [0n, 3n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      expect(decodeGossip(encodeMessage({ ...presence, taskId }))).toEqual({ ...presence, taskId });
    }
    const request = {
      taskId: 1n,
      round: 2,
      unavailable: [0, 4],
      rejected: [1],
      novelty: { x: 1n, y: 2n ** 256n - 1n },
    };
    expect(decodeVoteRequest(encodeMessage(request))).toEqual(request);
    for (const loss of [0n, 7n, 2n ** 60n]) {
      const vote = {
        validator: `0x${'ab'.repeat(20)}`,
        lossBefore: loss,
        lossAfter: loss,
        signature: `0x${'cd'.repeat(65)}`,
      };
      expect(decodeVoteResponse(encodeMessage(vote))).toEqual(vote);
    }
    const again = { taskId: 1n, round: 2, trainer: 3 };
    expect(decodeAvailableRequest(encodeMessage(again))).toEqual(again);
    expect(decodeAvailableResponse(encodeMessage({ refused: 'no' }))).toEqual({ refused: 'no' });
    expect(decodeVoteResponse(encodeMessage({ refused: 'no' }))).toEqual({ refused: 'no' });
  });

  it('messages never throw anything but E_MESSAGE_MALFORMED on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const decode of [
          decodeGossip,
          decodeVoteRequest,
          decodeVoteResponse,
          decodeAvailableRequest,
          decodeAvailableResponse,
        ]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(hasCode(error, 'E_MESSAGE_MALFORMED')).toBe(true);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['an unknown type', { ...presence, type: 'hello' }],
    ['an extra field', { ...presence, extra: 1 }],
    ['a missing field', { ...presence, round: undefined }],
    ['a negative round', { ...presence, round: -1 }],
    ['too many addresses', { ...presence, multiaddrs: Array(17).fill('/ip4/1.2.3.4/tcp/1') }],
    ['a task id of text', { ...presence, taskId: '3' }],
  ])('messages are refused with %s', (_, value) => {
    const bytes = encode(
      JSON.parse(JSON.stringify(value, (_k, v) => (typeof v === 'bigint' ? Number(v) : v))),
    );
    expect(() => decodeGossip(bytes)).toThrow(expect.objectContaining({ code: 'E_MESSAGE_MALFORMED' }));
  });

  it('messages are refused above the size limit before they are parsed', () => {
    expect(() => decodeGossip(new Uint8Array(16 * 1024 + 1))).toThrow('too long');
  });

  it('messages travel on topics that differ by chain and contract', () => {
    expect(topicOf('tasks', 1, '0xAB')).not.toBe(topicOf('tasks', 2, '0xAB'));
    expect(topicOf('tasks', 1, '0xAB')).toBe(topicOf('tasks', 1, '0xab'));
  });
});
