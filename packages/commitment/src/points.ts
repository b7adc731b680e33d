import { ChorusError, G1_INFINITY, type G1Point } from '@chorus/protocol';
import { bn254 } from '@noble/curves/bn254.js';
import { BASE_ORDER, SCALAR_ORDER } from './engine/constants.ts';

/** The generator [1]1 of EIP-196. */
export const G1_GENERATOR: Readonly<G1Point> = Object.freeze({ x: 1n, y: 2n });

const { Point } = bn254.G1;
type NoblePoint = InstanceType<typeof Point>;

/**
 * True for a canonical point of G1: coordinates in [0, q), on y^2 = x^3 + 3, or infinity as (0, 0). G1 has
 * cofactor 1, so a point on the curve is in the group.
 */
export function isOnCurve(point: G1Point): boolean {
  const { x, y } = point;
  if (typeof x !== 'bigint' || typeof y !== 'bigint') return false;
  if (x < 0n || y < 0n || x >= BASE_ORDER || y >= BASE_ORDER) return false;
  if (x === 0n && y === 0n) return true;
  return (y * y - x * x * x - 3n) % BASE_ORDER === 0n;
}

function toNoble(point: G1Point): NoblePoint {
  if (!isOnCurve(point)) {
    throw new ChorusError('E_POINT_INVALID', 'not a canonical point of BN254 G1', {
      facts: { x: `0x${point.x.toString(16)}`, y: `0x${point.y.toString(16)}` },
    });
  }
  return point.x === 0n && point.y === 0n ? Point.ZERO : Point.fromAffine(point);
}

function fromNoble(point: NoblePoint): G1Point {
  return point.is0() ? { ...G1_INFINITY } : point.toAffine();
}

/** The sum of points, as the EVM's ecAdd gives it. @throws ChorusError `E_POINT_INVALID` */
export function addPoints(points: readonly G1Point[]): G1Point {
  let sum = Point.ZERO;
  for (const point of points) sum = sum.add(toNoble(point));
  return fromNoble(sum);
}

/** -point. @throws ChorusError `E_POINT_INVALID` */
export function negatePoint(point: G1Point): G1Point {
  return fromNoble(toNoble(point).negate());
}

/**
 * sum_i scalars[i] * points[i]; scalars are reduced mod p. Synchronous, meant for a round's few points with
 * small weights (about 0.1 ms each); not constant-time.
 * @throws ChorusError `E_POINT_INVALID`
 */
export function combinePoints(points: readonly G1Point[], scalars: readonly (bigint | number)[]): G1Point {
  if (points.length !== scalars.length) {
    throw new ChorusError('E_POINT_INVALID', 'there must be one scalar per point', {
      facts: { points: points.length, scalars: scalars.length },
    });
  }
  let sum = Point.ZERO;
  for (const [i, point] of points.entries()) {
    const scalar = ((BigInt(scalars[i]!) % SCALAR_ORDER) + SCALAR_ORDER) % SCALAR_ORDER;
    const noble = toNoble(point);
    if (scalar !== 0n) sum = sum.add(noble.multiplyUnsafe(scalar));
  }
  return fromNoble(sum);
}
