import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSummaryRequest, decodeSummaryResponse, encodeMessage } from './messages.ts';
import {
  decodeAggregate,
  encodeAggregate,
  encodeGram,
  MAX_SUMMARY_BYTES,
  type RoundSummary,
} from './summary.ts';

const digest = new Uint8Array(32).fill(7);
const symmetric = (rows: number, entry: (i: number, j: number) => bigint) =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: rows }, (_, j) => entry(Math.min(i, j), Math.max(i, j))),
  );

describe('a round summary', () => {
  it('a round summary round-trips with the largest matrix and extreme entries', () => {
    const ends = [-(2n ** 62n), 2n ** 62n, -1n, 0n];
    for (const rows of [1, 2, 20]) {
      const gram = symmetric(rows, (i, j) => ends[(i + 3 * j) % ends.length]!);
      const summary: RoundSummary = { aggregate: digest, gram };
      const bytes = encodeMessage(summary);
      expect(bytes.length).toBeLessThanOrEqual(MAX_SUMMARY_BYTES);
      expect(decodeSummaryResponse(bytes)).toEqual(summary);
    }
    const none = { aggregate: null, gram: null };
    expect(decodeSummaryResponse(encodeMessage(none))).toEqual(none);
    const refused = { refused: 'not here' };
    expect(decodeSummaryResponse(encodeMessage(refused))).toEqual(refused);
  });

  it('a round summary is refused if it is too long, or its matrix or digest has an impossible size', () => {
    expect(() => decodeSummaryResponse(new Uint8Array(MAX_SUMMARY_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'E_MESSAGE_MALFORMED' }),
    );
    const short = { aggregate: digest.subarray(1), gram: null };
    expect(() => decodeSummaryResponse(encodeMessage(short))).toThrow();
    const large = { aggregate: null, gram: symmetric(21, () => 1n) };
    expect(() => decodeSummaryResponse(encodeMessage(large))).toThrow();
    expect(encodeGram(symmetric(2, () => 1n))).toHaveLength(24);
  });

  it('a request for a round summary names task and round', () => {
    const request = { taskId: 7n, round: 3 };
    expect(decodeSummaryRequest(encodeMessage(request))).toEqual(request);
    expect(() => decodeSummaryRequest(encodeMessage({ taskId: 7n, round: 0 }))).toThrow();
  });
});

describe('the file of an aggregate', () => {
  it('the file of an aggregate is little-endian int32 and nothing else', () => {
    expect([...encodeAggregate(Int32Array.of(1, -2))]).toEqual([1, 0, 0, 0, 254, 255, 255, 255]);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 1 }),
        (entries) => {
          const aggregate = Int32Array.from(entries);
          expect(decodeAggregate(encodeAggregate(aggregate), entries.length)).toEqual(aggregate);
        },
      ),
    );
  });

  it('the file of an aggregate is refused with another number of entries', () => {
    const bytes = encodeAggregate(Int32Array.of(1, 2));
    for (const dimension of [1, 3]) {
      expect(() => decodeAggregate(bytes, dimension)).toThrow(
        expect.objectContaining({ code: 'E_SUMMARY_WRONG' }),
      );
    }
  });
});
