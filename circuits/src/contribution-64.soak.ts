import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledCircuit, compile } from '../scripts/compile.ts';
import { buildContributionInput } from './input.ts';
import { ALPHA, BETA, honestInput, randomGram, sharedVectors } from './testing/matrices.ts';
import { brokenConstraints, type ConstraintSystem, occurrences, parseR1cs } from './testing/r1cs.ts';
import { calculateWitness, refusedBy } from './testing/witness.ts';

const snapshot = JSON.parse(readFileSync(new URL('../constraints.json', import.meta.url), 'utf8'));

let circuit: CompiledCircuit;
let system: ConstraintSystem;
beforeAll(async () => {
  circuit = await compile('contribution-64');
  system = parseR1cs(circuit.r1cs);
});

it('has the constraints of the snapshot, within 2^18 with the public signals', () => {
  expect(system.constraints).toHaveLength(snapshot['contribution-64']);
  expect(system.constraints.length + system.publicInputs + 1).toBeLessThanOrEqual(2 ** 18);
});

it('has no wire outside all constraints', () => {
  expect(occurrences(system).flatMap((entries, wire) => (entries.length === 0 ? [wire] : []))).toEqual([]);
});

describe('gives the numbers of the shared vectors', () => {
  for (const vector of sharedVectors().filter((v) => v.n === 64)) {
    it(vector.name, async () => {
      const { gram, weights, shares } = vector;
      const input = buildContributionInput({ gram, weights, shares, alpha: ALPHA, beta: BETA, size: 64 });
      expect(input.signals.weightWords.map(String)).toEqual(vector.weightsWords);
      expect(input.signals.shareWords.map(String)).toEqual(vector.sharesWords);
      const witness = await calculateWitness(circuit.wasm, input.signals);
      expect(witness.slice(1, 1 + system.publicInputs)).toEqual(input.publicSignals);
      expect(brokenConstraints(system, witness)).toEqual([]);
    });
  }
});

it('takes a matrix of 64 trainers at the bound of its entries', async () => {
  const bound = (1n << 62n) - 1n;
  const gram = Array.from({ length: 65 }, () => new Array<bigint>(65).fill(bound));
  const { signals } = honestInput(gram, 64);
  expect(brokenConstraints(system, await calculateWitness(circuit.wasm, signals))).toEqual([]);
});

it('has no witness for one weight more or one share less', async () => {
  const { signals } = honestInput(randomGram(33, 3), 64);
  const change = (words: bigint[], delta: bigint) => words.map((word, k) => (k === 1 ? word + delta : word));
  const refused = async (changed: object) =>
    expect(await refusedBy(circuit.wasm, { ...signals, ...changed })).toBe('Contribution');
  await refused({ weightWords: change(signals.weightWords, 1n) });
  await refused({ shareWords: change(signals.shareWords, -1n) });
});
