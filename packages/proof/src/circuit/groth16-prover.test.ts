import { buildContributionInput, circuitArtifacts } from '@chorus/circuits';
import { groth16 } from 'snarkjs';
import { it, expect, afterAll, beforeAll } from 'vitest';
import { randomRound } from '../testing/rounds.ts';
import { gramMatrix } from '@chorus/aggregation';
import { Groth16Prover } from './groth16-prover.ts';
let p: Groth16Prover;
const c = circuitArtifacts(16);
beforeAll(async () => { p = await Groth16Prover.create(c, 2); });
afterAll(() => p.close());
it('proves', async () => {
  const { statement: s, vectors } = randomRound({ seed: 3, trainers: 7, N: 64 });
  const g = gramMatrix(vectors as Int16Array[]);
  const { signals } = buildContributionInput({ gram: g, alpha: 5n, beta: 7n, weights: s.weights, shares: s.shares, size: 16 });
  for (let k = 0; k < 4; k++) {
    const t = performance.now();
    const { groth16: q, publicSignals } = await p.prove({ ...signals });
    console.log('ours', performance.now() - t);
    const proof = { protocol: 'groth16', curve: 'bn128', pi_a: [String(q.a.x), String(q.a.y), '1'], pi_b: [q.b.x.map(String), q.b.y.map(String), ['1', '0']], pi_c: [String(q.c.x), String(q.c.y), '1'] };
    expect(await (groth16 as any).verify(c.verificationKey, publicSignals.map(String), proof)).toBe(true);
  }
  for (let k = 0; k < 2; k++) { const t = performance.now(); await groth16.fullProve({ ...signals }, c.wasmPath, c.zkeyPath); console.log('snarkjs', performance.now() - t); }
}, 120000);
