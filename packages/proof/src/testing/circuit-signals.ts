import { gramMatrix } from '@chorus/aggregation';
import { buildContributionInput } from '@chorus/circuits';
import type { Groth16Proof } from '../circuit/groth16-prover.ts';
import type { Signals } from '../circuit/witness.ts';
import { randomRound } from './rounds.ts';

/** The circuit's input of an honest round of `trainers`. */
export function honestSignals(seed: number, trainers: number): Record<string, bigint | bigint[]> & Signals {
  const { statement, vectors } = randomRound({ seed, trainers, N: 64 });
  const gram = gramMatrix(vectors.map((vector) => vector ?? new Int16Array(64)));
  const { weights, shares } = statement;
  const { signals } = buildContributionInput({ gram, alpha: 5n, beta: 7n, weights, shares, size: 16 });
  return { ...signals };
}

/** A proof in snarkjs's JSON. */
export function snarkjsProof({ groth16: { a, b, c } }: Groth16Proof) {
  const text = (x: bigint, y: bigint): [string, string, string] => [String(x), String(y), '1'];
  const pair = ([c0, c1]: readonly [bigint, bigint]): [string, string] => [String(c0), String(c1)];
  const pi_b: [[string, string], [string, string], [string, string]] = [pair(b.x), pair(b.y), ['1', '0']];
  return { pi_a: text(a.x, a.y), pi_b, pi_c: text(c.x, c.y), protocol: 'groth16', curve: 'bn128' };
}
