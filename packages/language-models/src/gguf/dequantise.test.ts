import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dequantise } from './dequantise.ts';
import type { TensorType } from './model.ts';

const of = (type: TensorType, bytes: readonly number[]): number[] => [
  ...dequantise({ name: 't', dims: [1], type, data: Uint8Array.from(bytes) }),
];
/** Bits of 1.5, -2 and 0.25 in half precision, little-endian. */
const [ONE_AND_A_HALF, MINUS_TWO, QUARTER] = [
  [0x00, 0x3e],
  [0x00, 0xc0],
  [0x00, 0x34],
] as const;
const sixteen = (byte: (i: number) => number): number[] => Array.from({ length: 16 }, (_, i) => byte(i));

describe('stored numbers', () => {
  it('F32, F16 and BF16 are themselves', () => {
    expect(of('F32', [0, 0, 0xc0, 0x3f])).toEqual([1.5]);
    expect(of('F16', [...ONE_AND_A_HALF, ...MINUS_TWO, 0x01, 0x00, 0xff, 0x7b])).toEqual([
      1.5,
      -2,
      2 ** -24,
      65_504,
    ]);
    expect(of('BF16', [0xc0, 0x3f, 0x00, 0xc0])).toEqual([1.5, -2]);
  });

  it('Q8_0 is a scale times signed bytes', () => {
    const bytes = Array.from({ length: 32 }, (_, i) => (i * 8 - 128) & 255);
    expect(of('Q8_0', [...QUARTER, ...bytes])).toEqual(
      Array.from({ length: 32 }, (_, i) => (i * 8 - 128) / 4),
    );
  });

  it('Q4_0 is a scale times halves of bytes less 8, the low halves first', () => {
    expect(of('Q4_0', [...MINUS_TWO, ...sixteen((i) => i | ((15 - i) << 4))])).toEqual([
      ...sixteen((i) => -2 * (i - 8)),
      ...sixteen((i) => -2 * (7 - i)),
    ]);
  });

  it('Q4_1 is a scale times halves of bytes, and a least value', () => {
    expect(of('Q4_1', [...QUARTER, ...MINUS_TWO, ...sixteen((i) => i | ((15 - i) << 4))])).toEqual([
      ...sixteen((i) => i / 4 - 2),
      ...sixteen((i) => (15 - i) / 4 - 2),
    ]);
  });

  it('every half-precision number has the value of the standard', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (bits) => {
        fc.pre((bits & 0x7c00) !== 0x7c00);
        const view = new DataView(new ArrayBuffer(2));
        view.setUint16(0, bits);
        const { getFloat16 } = view as unknown as { getFloat16(at: number): number };
        expect(of('F16', [bits & 255, bits >> 8])).toEqual([getFloat16.call(view, 0)]);
      }),
    );
  });

  it('a number that is not finite is refused', () => {
    expect(() => of('F16', [0x00, 0x7c])).toThrow('not a finite number');
    expect(() => of('F32', [0, 0, 0xc0, 0x7f])).toThrow('not a finite number');
  });
});
