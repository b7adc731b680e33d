import { G1_INFINITY, type G1Point, sameG1 } from '@chorus/protocol';

/** Textbook affine arithmetic of BN254 G1: slow, obvious, and independent of what it is compared with. */
const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** Order of the group. */
const GROUP_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

export const G1_GENERATOR: G1Point = { x: 1n, y: 2n };

const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;

/** value^-1 in the base field, by the extended Euclidean algorithm. */
function inverse(value: bigint): bigint {
  let [r0, r1, s0, s1] = [Q, mod(value), 0n, 1n];
  while (r1 > 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [s0, s1] = [s1, s0 - quotient * s1];
  }
  return mod(s0);
}

export function isFiniteG1({ x, y }: G1Point): boolean {
  return x >= 0n && y >= 0n && x < Q && y < Q && mod(y * y - x * x * x - 3n) === 0n;
}

export function addG1(a: G1Point, b: G1Point): G1Point {
  if (sameG1(a, G1_INFINITY)) return b;
  if (sameG1(b, G1_INFINITY)) return a;
  if (a.x === b.x && mod(a.y + b.y) === 0n) return G1_INFINITY;
  const slope = a.x === b.x ? 3n * a.x * a.x * inverse(2n * a.y) : (b.y - a.y) * inverse(b.x - a.x);
  const x = mod(slope * slope - a.x - b.x);
  return { x, y: mod(slope * (a.x - x) - a.y) };
}

export function mulG1(point: G1Point, scalar: bigint): G1Point {
  let sum: G1Point = G1_INFINITY;
  let power = point;
  for (let s = ((scalar % GROUP_ORDER) + GROUP_ORDER) % GROUP_ORDER; s > 0n; s >>= 1n) {
    if (s & 1n) sum = addG1(sum, power);
    power = addG1(power, power);
  }
  return sum;
}
