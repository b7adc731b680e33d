/** The largest integer whose square is at most `x`, for x >= 0 (Newton's iteration from above). */
export function isqrt(x: bigint): bigint {
  if (x < 0n) throw new RangeError('isqrt of a negative number');
  if (x < 2n) return x;
  let r = 1n << BigInt((x.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (r + x / r) >> 1n;
    if (next >= r) return r;
    r = next;
  }
}

/** The lower median: ascending order, index floor((count-1)/2). Undefined for an empty list. */
export function lowerMedian(values: readonly bigint[]): bigint | undefined {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

export function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
