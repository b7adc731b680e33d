import { MAX_ENTRY } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantise, suggestScale } from './quantise.ts';

/** The definition, in exact integer arithmetic: floats are integers times powers of two. */
function exactly(delta: number, scale: number): bigint {
  const [a, ea] = split(Math.abs(delta));
  const [b, eb] = split(scale);
  const shift = BigInt(ea - eb);
  const numerator = shift >= 0n ? a << shift : a;
  const denominator = shift >= 0n ? b : b << -shift;
  const rounded = (2n * numerator + denominator) / (2n * denominator); // half up on magnitudes
  const bounded = rounded > BigInt(MAX_ENTRY) ? BigInt(MAX_ENTRY) : rounded;
  return delta < 0 ? -bounded : bounded;
}

/** x = mantissa * 2^exponent with an integer mantissa. */
function split(x: number): [bigint, number] {
  let exponent = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    exponent--;
  }
  return [BigInt(x), exponent];
}

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

describe('quantise', () => {
  it('rounds half away from zero and clamps, as exact arithmetic does, for every float32 and power-of-two scale', () => {
    const scales = fc.integer({ min: -24, max: 4 }).map((e) => 2 ** e);
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 50 }), scales, (values, scale) => {
        const delta = Float32Array.from(values);
        const { vector } = quantise(delta, scale);
        expect(Array.from(vector, BigInt)).toEqual(Array.from(delta, (x) => exactly(x, scale)));
      }),
    );
  });

  it('quantise agrees with exact arithmetic for arbitrary float32 scales on typical deltas', () => {
    const scales = fc.integer({ min: 1, max: 0xffffff }).map((m) => Math.fround(m * 2 ** -36));
    const deltas = fc.array(fc.integer({ min: -(2 ** 23), max: 2 ** 23 }), { maxLength: 50 });
    fc.assert(
      fc.property(deltas, scales, (values, scale) => {
        const delta = Float32Array.from(values, (m) => m * 2 ** -26);
        const { vector } = quantise(delta, scale);
        expect(Array.from(vector, BigInt)).toEqual(Array.from(delta, (x) => exactly(x, scale)));
      }),
    );
  });

  it('rounds the halves and what lies just below them', () => {
    const { vector } = quantise(Float32Array.of(0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 0.49999997, -0), 1);
    expect([...vector]).toEqual([1, -1, 2, -2, 3, -3, 0, 0]);
  });

  it('quantise counts what it clamps and never gives -32768', () => {
    const { vector, saturated } = quantise(Float32Array.of(32767, 32767.4, 32767.5, -32768, -1e30, 1e30), 1);
    expect([...vector]).toEqual([32767, 32767, 32767, -32767, -32767, 32767]);
    expect(saturated).toBe(4);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'quantise refuses %s',
    (value) => {
      expect(() => quantise(Float32Array.of(0, value), 2 ** -14)).toThrow(
        expect.objectContaining({ code: 'E_TRAINING_DIVERGED', facts: { index: 1, value } }),
      );
    },
  );

  it.each([0, -1, Number.NaN, 0.1, Number.POSITIVE_INFINITY])('quantise refuses the scale %s', (scale) => {
    expect(() => quantise(Float32Array.of(1), scale)).toThrow(RangeError);
  });
});

describe('suggestScale', () => {
  it('suggestScale is a power of two that fills between an eighth and a quarter of the range', () => {
    const deltas = fc.array(fc.float({ noNaN: true, min: Math.fround(-1e6), max: Math.fround(1e6) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(deltas, (values) => {
        const largest = Math.max(...values.map(Math.abs));
        fc.pre(largest > 1e-20);
        const scale = suggestScale(Float32Array.from(values));
        expect(Number.isInteger(Math.log2(scale))).toBe(true);
        expect(largest / scale).toBeLessThanOrEqual(MAX_ENTRY / 4);
        expect(largest / scale).toBeGreaterThan(MAX_ENTRY / 8);
        expect(quantise(Float32Array.from(values), scale).saturated).toBe(0);
      }),
    );
  });

  it.each([[0], [Number.NaN], [Number.POSITIVE_INFINITY]])('suggestScale refuses a delta of %s', (value) => {
    expect(() => suggestScale(Float32Array.of(value))).toThrow(RangeError);
  });
});
