import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from './errors.ts';
import { decodePayload, encodePayload, PAYLOAD_HEADER_BYTES, type Payload } from './update.ts';

const author = '0x00112233445566778899aabbccddeeff00112233';

function payloadOf(entries: number[]): Payload {
  return {
    kind: 'update',
    taskId: 7n,
    round: 3,
    author,
    dimension: entries.length,
    vector: Int16Array.from(entries),
  };
}

const codeOf = (work: () => unknown) => {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return hasCode(error, 'E_PAYLOAD_MALFORMED') ? 'refused' : error;
  }
};

describe('payload', () => {
  it('a payload round-trips every vector in the allowed range', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -32767, max: 32767 }), { minLength: 1, maxLength: 200 }),
        (entries) => {
          const payload = payloadOf(entries);
          expect(decodePayload(encodePayload(payload), payload)).toEqual(payload);
        },
      ),
    );
  });

  it('a payload is little-endian int16 behind a 68-byte header', () => {
    const bytes = encodePayload(payloadOf([1, -2]));
    expect([...bytes.subarray(0, 4)]).toEqual([...new TextEncoder().encode('CHRU')]);
    expect([...bytes.subarray(PAYLOAD_HEADER_BYTES)]).toEqual([1, 0, 0xfe, 0xff]);
  });

  it('encodePayload refuses an entry of -32768, which has no opposite', () => {
    expect(codeOf(() => encodePayload(payloadOf([-32768])))).toBe('refused');
    const bytes = encodePayload(payloadOf([5]));
    new DataView(bytes.buffer).setInt16(PAYLOAD_HEADER_BYTES, -32768, true);
    expect(codeOf(() => decodePayload(bytes, payloadOf([5])))).toBe('refused');
  });

  it('decodePayload refuses another task, round, author, kind, dimension or length than the chain states', () => {
    const payload = payloadOf([1, 2, 3]);
    const bytes = encodePayload(payload);
    expect(codeOf(() => decodePayload(bytes, payload))).toBe('accepted');
    const other = `0x${'9'.repeat(40)}` as const;
    for (const change of [
      { taskId: 8n },
      { round: 4 },
      { author: other },
      { kind: 'reference' as const },
      { dimension: 2 },
    ]) {
      expect(codeOf(() => decodePayload(bytes, { ...payload, ...change }))).toBe('refused');
    }
    expect(codeOf(() => decodePayload(bytes.subarray(0, bytes.length - 1), payload))).toBe('refused');
    expect(codeOf(() => decodePayload(new Uint8Array(0), payload))).toBe('refused');
  });

  it('decodePayload refuses any change of one header byte', () => {
    const payload = payloadOf([1, 2, 3]);
    const bytes = encodePayload(payload);
    for (let i = 0; i < PAYLOAD_HEADER_BYTES; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 0x5a;
      expect(
        codeOf(() => decodePayload(changed, payload)),
        `byte ${i}`,
      ).toBe('refused');
    }
  });
});
