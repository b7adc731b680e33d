import { type Bn254, FIELD_BYTES, G1_BYTES, G1_JACOBIAN_BYTES } from '@chorus/commitment/engine';
import type { G1Point } from '@chorus/protocol';
import type { PairingCurve } from './curve.ts';

/** In WebAssembly: four times as fast as the portable one. */
export function wasmCurve(curve: Bn254): PairingCurve {
  return {
    isInG2: (point) => curve.isInG2(point),
    pairingProductIsOne: (pairs) => curve.pairingProductIsOne(pairs),
    combine: (points, scalars) => combine(curve, points, scalars),
  };
}

/** About 0.3 ms for each point. */
function combine(curve: Bn254, points: readonly G1Point[], scalars: readonly bigint[]): G1Point {
  return curve.scoped(() => {
    const { wasm } = curve;
    const [at, scalar] = [curve.alloc(G1_BYTES), curve.alloc(FIELD_BYTES)];
    const [term, sum] = [curve.alloc(G1_JACOBIAN_BYTES), curve.alloc(G1_JACOBIAN_BYTES)];
    wasm.g1m_zero(sum);
    for (const [i, point] of points.entries()) {
      if (point.x === 0n && point.y === 0n) continue;
      curve.writeG1(at, point);
      curve.writeInteger(scalar, scalars[i]!);
      wasm.g1m_timesScalarAffine(at, scalar, FIELD_BYTES, term);
      wasm.g1m_add(sum, term, sum);
    }
    return curve.readG1Jacobian(sum);
  });
}
