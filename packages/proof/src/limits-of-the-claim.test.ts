import { referenceTrust } from '@chorus/aggregation';
import { circuitArtifacts } from '@chorus/circuits';
import { combinePoints, developmentKey } from '@chorus/commitment';
import { Bn254, SCALAR_ORDER } from '@chorus/commitment/engine';
import { afterAll, expect, it } from 'vitest';
import { power } from './statement/field.ts';
import { startCircuitProver } from './testing/full-proof.ts';
import { commitTo, referenceGramProof } from './testing/reference-prover.ts';
import { honestRound, randomRound } from './testing/rounds.ts';
import { runChecks } from './verify/checks.ts';
import { wasmCurve } from './verify/wasm-curve.ts';

const circuit = startCircuitProver();
afterAll(() => circuit.close());

/** 5 has no root in the field, so its (p - 1) / 4-th power squares to -1. */
const rootOfMinusOne = power(5n, (SCALAR_ORDER - 1n) / 4n);

/** Exact below 2^52. */
const isqrt = (x: bigint): bigint => BigInt(Math.floor(Math.sqrt(Number(x))));

type Vector = readonly (number | bigint)[];

/** The representative of a field element that is nearest to zero. */
function signed(x: bigint): bigint {
  const r = ((x % SCALAR_ORDER) + SCALAR_ORDER) % SCALAR_ORDER;
  return r > SCALAR_ORDER / 2n ? r - SCALAR_ORDER : r;
}

function product(a: Vector, b: Vector): bigint {
  return signed(a.reduce<bigint>((sum, x, k) => sum + BigInt(x) * BigInt(b[k] ?? 0), 0n));
}

// docs/explain/security.md, "What the proof does not say of a vector": only members that fetch the payload can check
// that its entries are small integers, and that there are only d of them.
it('a vector with an entry that is not a small integer, even beyond N, can have any norm and a valid proof', async () => {
  const N = 16;
  const { statement: before, vectors } = randomRound({ seed: 7, trainers: 4, N });
  const [reference, ...honest] = vectors.map((v) => [...v!]);
  const loud = honest[3]!.map((x) => 500 * x);
  // One more coefficient, X^N, a multiple of sqrt(-1): its square removes what the others add to the norm.
  const wanted = product(honest[0]!, honest[0]!);
  const hidden = (rootOfMinusOne * isqrt(product(loud, loud) - wanted)) % SCALAR_ORDER;
  const rows: Vector[] = [reference!, ...honest.slice(0, 3), [...loud, hidden]];
  const gram = rows.map((a) => rows.map((b) => product(a, b)));
  const { weights, shares } = referenceTrust(gram);

  const pad = (values: number[]): number[] => Array.from({ length: 16 }, (_, i) => values[i] ?? 0);
  const commitments = before.commitments.map((c, i) => (i === 4 ? commitTo(rows[4]!) : c));
  const statement = {
    ...before,
    commitments,
    weights: pad(weights),
    shares: pad(shares),
    aggregate: combinePoints(commitments.slice(1), pad(weights)),
  };
  const message = referenceGramProof(statement, rows, {
    length: N + 1,
    gram: (g) => g.map((row) => row.map(signed)),
  });
  const proof = await circuit.prove(statement, gram, message);
  const { verificationKey } = circuitArtifacts(16);
  const results = runChecks(wasmCurve(new Bn254()), {
    statement,
    proof,
    srs: developmentKey(),
    verificationKey,
  });
  expect(results.filter((r) => !r.ok)).toEqual([]);

  // It is paid as if its update were 500 times as good as it is, and no clipping detects it.
  const share = shares[3]! / 2 ** 32;
  const fair = honestRound(
    before,
    [Int32Array.from(reference!)],
    honest.map((u) => Int16Array.from(u)),
  );
  expect(share).toBeGreaterThan(0.95);
  expect(fair.statement.shares[3]! / 2 ** 32).toBeLessThan(0.5);
});
