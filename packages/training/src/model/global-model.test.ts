import { MAX_ENTRY, WEIGHT_ONE } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyAggregate,
  createGlobalModel,
  decodeGlobalModel,
  encodeGlobalModel,
  globalParameters,
  modelDigest,
} from './global-model.ts';

const LARGEST = MAX_ENTRY * WEIGHT_ONE;
const int32 = fc.oneof(fc.integer({ min: -LARGEST, max: LARGEST }), fc.constantFrom(LARGEST, -LARGEST, 0));
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

/** Numerator and power-of-two exponent of a float. */
function rational(x: number): [bigint, number] {
  let exponent = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    exponent--;
  }
  return [BigInt(x), exponent];
}

describe('global model', () => {
  it('the global model keeps the sum of all aggregates exactly, as BigInt does', () => {
    fc.assert(
      fc.property(fc.array(fc.array(int32, { minLength: 3, maxLength: 3 }), { maxLength: 40 }), (rounds) => {
        const model = createGlobalModel(new Float32Array(3), 2 ** -14);
        const exact = [0n, 0n, 0n];
        for (const aggregate of rounds) {
          applyAggregate(model, Int32Array.from(aggregate));
          aggregate.forEach((a, j) => {
            exact[j] = exact[j]! + BigInt(a);
          });
        }
        expect(Array.from(model.sum, BigInt)).toEqual(exact);
      }),
    );
  });

  it('the global model keeps the largest sum a task can reach exactly', () => {
    const model = createGlobalModel(Float32Array.of(0), 1);
    for (let round = 0; round < 4096; round++) applyAggregate(model, Int32Array.of(LARGEST));
    applyAggregate(model, Int32Array.of(-1));
    expect(BigInt(model.sum[0]!)).toBe(BigInt(LARGEST) * 4096n - 1n);
  });

  it('the global model gives parameters within one rounding of the exact value for power-of-two scales', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 20), max: 2 ** 20 }), int32, (mantissa, sum) => {
        const base = mantissa * 2 ** -20;
        const scale = 2 ** -14;
        const model = createGlobalModel(Float32Array.of(base), scale);
        applyAggregate(model, Int32Array.of(sum));
        // base + sum * 2^-30 is exact in float64 here, so fround of it is the correctly rounded value.
        const [b] = rational(base * 2 ** 20);
        const exact = b * 2n ** 10n + BigInt(sum);
        expect(globalParameters(model)[0]).toBe(Math.fround(Number(exact) / 2 ** 30));
      }),
    );
  });

  it('the global model does not depend on the order of rounds', () => {
    fc.assert(
      fc.property(fc.array(int32, { minLength: 2, maxLength: 20 }), float32, (aggregates, base) => {
        const one = createGlobalModel(Float32Array.of(base), Math.fround(0.0001));
        const other = createGlobalModel(Float32Array.of(base), Math.fround(0.0001));
        for (const a of aggregates) applyAggregate(one, Int32Array.of(a));
        for (const a of aggregates.toReversed()) applyAggregate(other, Int32Array.of(a));
        expect(modelDigest(one)).toBe(modelDigest(other));
        expect(globalParameters(one)).toEqual(globalParameters(other));
      }),
    );
  });

  it('the global model comes back from its file bit for bit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(float32, int32, int32), { minLength: 1, maxLength: 20 }), (entries) => {
        const model = createGlobalModel(
          Float32Array.from(entries, ([b]) => b),
          Math.fround(1e-4),
        );
        applyAggregate(
          model,
          Int32Array.from(entries, ([, a]) => a),
        );
        applyAggregate(
          model,
          Int32Array.from(entries, ([, , a]) => a),
        );
        const back = decodeGlobalModel(encodeGlobalModel(model));
        expect(back).toEqual(model);
        expect(modelDigest(back)).toBe(modelDigest(model));
      }),
    );
  });

  it('the global model has a digest that changes with base, scale and sum', () => {
    const model = createGlobalModel(Float32Array.of(1, 2), 2 ** -14);
    const changed = createGlobalModel(Float32Array.of(1, 2), 2 ** -14);
    applyAggregate(changed, Int32Array.of(0, 1));
    const digests = [
      model,
      changed,
      createGlobalModel(Float32Array.of(1, 3), 2 ** -14),
      createGlobalModel(Float32Array.of(1, 2), 2 ** -13),
    ].map(modelDigest);
    expect(new Set(digests).size).toBe(4);
  });

  it('the global model has the digest of a known file', () => {
    const model = createGlobalModel(Float32Array.of(0.5, -1), 2 ** -14);
    applyAggregate(model, Int32Array.of(-1, 70000));
    expect(Buffer.from(encodeGlobalModel(model)).toString('hex')).toBe(
      '4348524d' +
        '01000000' +
        '02000000' +
        '00008038' +
        '0000003f' +
        '000080bf' +
        'ffffffffffffffff' +
        '7011010000000000',
    );
  });

  it('the global model refuses an aggregate of another dimension and stays unchanged', () => {
    const model = createGlobalModel(Float32Array.of(1, 2), 1);
    expect(() => applyAggregate(model, Int32Array.of(1))).toThrow(
      expect.objectContaining({ code: 'E_MODEL_DIMENSION' }),
    );
    expect([...model.sum]).toEqual([0, 0]);
  });

  it('the global model refuses an overflow and stays unchanged', () => {
    const model = createGlobalModel(Float32Array.of(1, 2), 1);
    model.sum[1] = Number.MAX_SAFE_INTEGER;
    expect(() => applyAggregate(model, Int32Array.of(5, 1))).toThrow(
      expect.objectContaining({ code: 'E_MODEL_RANGE', facts: { index: 1 } }),
    );
    expect(model.sum[0]).toBe(0);
  });

  it('the global model refuses parameters that are not finite', () => {
    expect(() => createGlobalModel(Float32Array.of(1, Number.NaN), 1)).toThrow(
      expect.objectContaining({ code: 'E_MODEL_VALUE' }),
    );
  });

  it('the global model refuses every truncation of its file, another magic and impossible values', () => {
    const bytes = encodeGlobalModel(createGlobalModel(Float32Array.of(1, 2), 1));
    const corrupt = expect.objectContaining({ code: 'E_MODEL_CORRUPT' });
    for (let n = 0; n < bytes.length; n++)
      expect(() => decodeGlobalModel(bytes.subarray(0, n))).toThrow(corrupt);
    expect(() => decodeGlobalModel(Uint8Array.of(...bytes, 0))).toThrow(corrupt);
    const damage = (at: number, ...values: number[]) => {
      const copy = bytes.slice();
      copy.set(values, at);
      return copy;
    };
    expect(() => decodeGlobalModel(damage(0, 0))).toThrow(corrupt);
    expect(() => decodeGlobalModel(damage(4, 2))).toThrow(corrupt);
    expect(() => decodeGlobalModel(damage(15, 0xff))).toThrow(corrupt); // negative scale
    expect(() => decodeGlobalModel(damage(16, 0, 0, 0xc0, 0x7f))).toThrow(corrupt); // NaN
    expect(() => decodeGlobalModel(damage(24, 0, 0, 0, 0, 0, 0, 0, 0x7f))).toThrow(corrupt); // beyond 2^53
  });
});
