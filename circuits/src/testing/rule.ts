import type { GramMatrix } from '../gram.ts';

/** The rule's result with every intermediate value, one entry for each trainer. */
export interface RuleResult {
  norm: bigint[];
  clip: bigint[];
  cosine: bigint[];
  trust: bigint[];
  weights: bigint[];
  shares: bigint[];
}

/**
 * `reference-trust` v1, word for word from its definition and by nothing shared with the circuit or with
 * @chorus/aggregation: the third opinion of the tests.
 */
export function referenceTrust(gram: GramMatrix): RuleResult {
  const trainers = gram.slice(1).map((row, k) => ({ squaredNorm: row[k + 1]!, dot: gram[0]![k + 1]! }));
  const present = trainers.map((t) => t.squaredNorm > 0n);
  const norm = trainers.map((t) => isqrt(t.squaredNorm));
  const dot = trainers.map((t) => (t.dot > 0n ? t.dot : 0n));

  const m = lowerMedian(norm.filter((_, i) => present[i]));
  const clip = norm.map((r, i) => (present[i] ? min(65536n, (65536n * m) / r) : 0n));
  const cosine = norm.map((r, i) => (present[i] ? dot[i]! / r : 0n));
  const q = lowerMedian(cosine.filter((_, i) => present[i]));
  const trust = cosine.map((c) => (q > 0n ? min(65536n, (131072n * c) / q) : c > 0n ? 65536n : 0n));

  const t = trust.map((x, i) => x * clip[i]!);
  const T = sum(t);
  const phi = dot.map((x, i) => x * clip[i]!);
  const Phi = sum(phi);
  return {
    norm,
    clip,
    cosine,
    trust,
    weights: t.map((x) => (T > 0n ? (65536n * x) / T : 0n)),
    shares: phi.map((x) => (Phi > 0n ? (4294967296n * x) / Phi : 0n)),
  };
}

/** floor(sqrt(x)) by bisection. */
export function isqrt(x: bigint): bigint {
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle * middle <= x) low = middle;
    else high = middle;
  }
  return low;
}

/** Index floor((P - 1) / 2) in ascending order; 0 for none. */
export function lowerMedian(values: readonly bigint[]): bigint {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0n;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n);
}
