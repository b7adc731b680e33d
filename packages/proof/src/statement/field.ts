import { SCALAR_ORDER } from '@chorus/commitment/verify';

/** x mod p, in [0, p). */
export function reduce(x: bigint): bigint {
  const r = x % SCALAR_ORDER;
  return r < 0n ? r + SCALAR_ORDER : r;
}

/** True for a canonical scalar: in [0, p). */
export function isCanonical(x: bigint): boolean {
  return x >= 0n && x < SCALAR_ORDER;
}

/** base^exponent mod p, exponent >= 0. */
export function power(base: bigint, exponent: bigint | number): bigint {
  let result = 1n;
  let factor = reduce(base);
  for (let e = BigInt(exponent); e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * factor) % SCALAR_ORDER;
    factor = (factor * factor) % SCALAR_ORDER;
  }
  return result;
}

/** 1/x mod p (Fermat). @throws {RangeError} for 0 */
export function inverse(x: bigint): bigint {
  if (reduce(x) === 0n) throw new RangeError('zero has no inverse');
  return power(x, SCALAR_ORDER - 2n);
}

/** 1, x, x^2, ..., x^(count-1). */
export function powers(x: bigint, count: number): bigint[] {
  const all: bigint[] = [];
  for (let k = 0, value = 1n; k < count; k++, value = (value * x) % SCALAR_ORDER) all.push(value);
  return all;
}
