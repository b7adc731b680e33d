import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledCircuit, compile } from '../scripts/compile.ts';
import { circuitName } from './gram.ts';
import { buildContributionInput, type ContributionInput } from './input.ts';
import {
  ALPHA,
  BETA,
  honestInput,
  projectionInput,
  randomGram,
  randomProjectionGram,
  sharedProjectionVectors,
  sharedVectors,
} from './testing/matrices.ts';
import { brokenConstraints, type ConstraintSystem, occurrences, parseR1cs } from './testing/r1cs.ts';
import { calculateWitness, refusedBy } from './testing/witness.ts';

const snapshot = JSON.parse(readFileSync(new URL('../constraints.json', import.meta.url), 'utf8'));
const bound = (1n << 62n) - 1n;

interface Vector {
  name: string;
  input: ContributionInput;
  weightsWords: string[];
  sharesWords: string[];
}

const CIRCUITS = [
  {
    rule: 'reference-trust',
    power: 18,
    main: 'Contribution',
    vectors: sharedVectors()
      .filter((v) => v.n === 64)
      .map(
        (v): Vector => ({
          ...v,
          input: buildContributionInput({ ...v, alpha: ALPHA, beta: BETA, size: 64 }),
        }),
      ),
    limits: () =>
      honestInput(
        Array.from({ length: 65 }, () => new Array<bigint>(65).fill(bound)),
        64,
      ),
    random: () => honestInput(randomGram(33, 3), 64),
  },
  {
    rule: 'reference-projection',
    power: 19,
    main: 'ContributionByProjection',
    vectors: sharedProjectionVectors()
      .filter((v) => v.n === 64)
      .map((v): Vector => {
        const coefficients = v.rows.map((row) => row.coefficients.map(BigInt));
        const input = {
          ...v,
          rule: 'reference-projection',
          coefficients,
          alpha: ALPHA,
          beta: BETA,
          size: 64,
        } as const;
        return { ...v, input: buildContributionInput(input) };
      }),
    // Orthogonal updates of the largest norm.
    limits: () =>
      projectionInput(
        Array.from({ length: 68 }, (_, i) =>
          Array.from({ length: 68 }, (_, j) =>
            i < 4 || j < 4 ? 1n << 47n : i === j ? (1n << 53n) - 1n : 0n,
          ),
        ),
        64,
      ),
    random: () => projectionInput(randomProjectionGram(33, 3), 64),
  },
] as const;

describe.each(CIRCUITS)(
  'the circuit of $rule for n = 64',
  ({ rule, power, main, vectors, limits, random }) => {
    let circuit: CompiledCircuit;
    let system: ConstraintSystem;
    beforeAll(async () => {
      circuit = await compile(circuitName(64, rule));
      system = parseR1cs(circuit.r1cs);
    });

    it('the circuit for n = 64 has the constraints of the snapshot, within the power of two with the public signals', () => {
      expect(system.constraints).toHaveLength(snapshot[circuitName(64, rule)]);
      expect(system.constraints.length + system.publicInputs + 1).toBeLessThanOrEqual(2 ** power);
    });

    it('the circuit for n = 64 has every wire in a constraint', () => {
      expect(occurrences(system).flatMap((entries, wire) => (entries.length === 0 ? [wire] : []))).toEqual(
        [],
      );
    });

    describe('gives the numbers of the shared vectors', () => {
      for (const { name, input, weightsWords, sharesWords } of vectors) {
        it(name, async () => {
          expect(input.signals.weightWords.map(String)).toEqual(weightsWords);
          expect(input.signals.shareWords.map(String)).toEqual(sharesWords);
          const witness = await calculateWitness(circuit.wasm, input.signals);
          expect(witness.slice(1, 1 + system.publicInputs)).toEqual(input.publicSignals);
          expect(brokenConstraints(system, witness)).toEqual([]);
        });
      }
    });

    it('the circuit for n = 64 accepts a matrix of 64 trainers at the bound of its entries', async () => {
      expect(brokenConstraints(system, await calculateWitness(circuit.wasm, limits().signals))).toEqual([]);
    });

    it('the circuit for n = 64 has no witness for one weight more or one share less', async () => {
      const { signals } = random();
      const change = (words: bigint[], delta: bigint) =>
        words.map((word, k) => (k === 1 ? word + delta : word));
      const refused = async (changed: object) =>
        expect(await refusedBy(circuit.wasm, { ...signals, ...changed })).toBe(main);
      await refused({ weightWords: change(signals.weightWords, 1n) });
      await refused({ shareWords: change(signals.shareWords, -1n) });
    });
  },
);
