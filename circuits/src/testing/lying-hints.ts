import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CIRCOM_FOLDER, type CompiledCircuit, compile } from '../../scripts/compile.ts';
import type { CircuitRule, GramMatrix } from '../gram.ts';
import { randomGram, randomProjectionGram } from './matrices.ts';
import { referenceProjection } from './projection-rule.ts';
import { brokenConstraints, type ConstraintSystem, parseR1cs } from './r1cs.ts';
import { referenceTrust } from './rule.ts';
import { calculateWitness } from './witness.ts';

/**
 * A dishonest prover replaces hints.circom and computes everything after the lie consistently with it, down to the
 * weights and shares, which are outputs here. Each lie must change the witness and break a constraint.
 *
 * circom's witness generators stop at the first `===` that fails, so the liar's is compiled from sources without
 * them and without simplification, and its signals are put onto the wires of the honest circuit by their labels.
 */
const LIES = {
  'a quotient one too small, its remainder one divisor larger': {
    find: 'return numerator \\ divisor;',
    replace: 'return numerator \\ divisor - 1;',
  },
  'a quotient one too large, its remainder below zero': {
    find: 'return numerator \\ divisor;',
    replace: 'return numerator \\ divisor + 1;',
  },
  'a quotient of zero, all of the numerator as remainder': {
    find: 'return numerator \\ divisor;',
    replace: 'return 0;',
  },
  'a quotient modulo p that leaves no remainder': {
    find: 'return numerator \\ divisor;',
    replace: 'return numerator / divisor;',
  },
  'a root one too small': { find: 'return root;', replace: 'return x == 0 ? 0 : root - 1;' },
  'a root one too large': { find: 'return root;', replace: 'return root + 1;' },
  'the negative root, whose square is the same': { find: 'return root;', replace: 'return -root;' },
  'a median one too large': { find: 'return median;', replace: 'return median + 1;' },
  'a median one too small': { find: 'return median;', replace: 'return median - 1;' },
  'a median of zero': { find: 'return median;', replace: 'return 0;' },
  'a median far outside the values': { find: 'return median;', replace: 'return median + (1 << 63);' },
  'a negative median': { find: 'return median;', replace: 'return -1 - median;' },
  'the upper median': {
    find: '2 * below < count && 2 * notAbove >= count',
    replace: '2 * below <= count && 2 * notAbove > count',
  },
  'the smallest value as median': { find: '2 * below < count', replace: 'below == 0' },
  'the largest value as median': { find: '2 * notAbove >= count', replace: 'notAbove == count' },
  'the median of all rows, absent ones too': { find: 'count += present[i]', replace: 'count += 1' },
  'zero taken for something': { find: 'x == 0 ? 0 : 1 / x', replace: 'x == 0 ? 7 : 1 / x' },
  'something taken for zero': { find: 'x == 0 ? 0 : 1 / x', replace: '0' },
  'something taken for half': { find: 'x == 0 ? 0 : 1 / x', replace: 'x == 0 ? 0 : 1 / (2 * x)' },
} satisfies Record<string, { find: string; replace: string }>;

export type Lie = keyof typeof LIES;
export const ALL_LIES = Object.keys(LIES) as Lie[];

/** One of each hint: what `reference-projection` is tried with each time, as its parts are those of `reference-trust`. */
export const A_LIE_OF_EACH_HINT: readonly Lie[] = [
  'a quotient modulo p that leaves no remainder',
  'the negative root, whose square is the same',
  'the upper median',
  'something taken for zero',
];

/** A rule's circuit without the rest, weights and shares being its outputs. */
interface RuleCircuit {
  size: number;
  main: string;
  /** Sources whose assertions the liar does without. */
  files: string[];
  rounds: bigint[][][];
  input: (matrix: bigint[][]) => object;
  expected: (matrix: bigint[][]) => { weights: bigint[]; shares: bigint[] };
}

/** A random round, padded with zero rows. */
function padded(gram: GramMatrix, rows: number): bigint[][] {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: rows }, (_, j) => gram[i]?.[j] ?? 0n));
}

const main = (file: string, template: string) =>
  `pragma circom 2.1.6; include "${file}.circom"; component main = ${template};`;

const CIRCUITS: Record<CircuitRule, RuleCircuit> = {
  'reference-trust': {
    size: 6,
    main: main('reference-trust', 'ReferenceTrust(6, 3)'),
    files: ['arithmetic', 'median', 'reference-trust'],
    rounds: [
      [4, 21],
      [6, 22],
      [5, 23],
    ].map(([trainers, seed]) => padded(randomGram(trainers!, seed!), 7)),
    input: (matrix) => ({
      squaredNorm: matrix.slice(1).map((row, k) => row[k + 1]!),
      clippedDot: matrix[0]!.slice(1).map((dot) => (dot > 0n ? dot : 0n)),
    }),
    expected: referenceTrust,
  },
  'reference-projection': {
    size: 4,
    main: main('reference-projection', 'ReferenceProjection(4, 2)'),
    files: ['arithmetic', 'median', 'projection', 'reference-projection', 'signed'],
    rounds: [
      [3, 24],
      [4, 27],
      [4, 29],
    ].map(([trainers, seed]) => padded(randomProjectionGram(trainers!, seed!), 8)),
    input: (matrix) => ({
      gram: matrix.slice(4).map((row) => row.slice(4)),
      groupDot: matrix.slice(0, 3).map((row) => row.slice(4)),
      clippedNovelty: matrix[3]!.slice(4).map((dot) => (dot > 0n ? dot : 0n)),
      coefficient: [0, 1, 2].map((k) => referenceProjection(matrix).coefficients.map((row) => row[k]!)),
    }),
    expected: referenceProjection,
  },
};

/** That a rule's circuit takes none of these lies, and honest hints. */
export function itCatches(rule: CircuitRule, lies: readonly Lie[]): void {
  describe(rule, { timeout: 240_000 }, () => {
    const { size, main, files, rounds, input, expected } = CIRCUITS[rule];
    let system: ConstraintSystem;
    let circuit: CompiledCircuit;
    let sourcesWithoutAssertions: Record<string, string>;

    beforeAll(async () => {
      circuit = await compile('rule', { sources: { 'rule.circom': main } });
      system = parseR1cs(circuit.r1cs);
      sourcesWithoutAssertions = withoutAssertions(main, files);
    });

    it('honest hints give the rule of the tests', async () => {
      for (const matrix of rounds) {
        const witness = await calculateWitness(circuit.wasm, input(matrix));
        const { weights, shares } = expected(matrix);
        expect(witness.slice(1, 1 + 2 * size)).toEqual([...weights, ...shares]);
        expect(brokenConstraints(system, witness)).toEqual([]);
      }
    });

    describe('a prover that lies about', () => {
      for (const lie of lies) {
        const { find, replace } = LIES[lie];
        it(`${lie} breaks a constraint`, async () => {
          const liar = await compile('rule', {
            sources: { ...sourcesWithoutAssertions, 'hints.circom': lied(find, replace) },
            simplification: 0,
          });
          let told = 0;
          for (const matrix of rounds) {
            const honest = await calculateWitness(circuit.wasm, input(matrix));
            const lying = relabel(await calculateWitness(liar.wasm, input(matrix)), liar, circuit);
            if (lying.every((value, wire) => value === honest[wire])) continue;
            told++;
            expect(brokenConstraints(system, lying)).not.toEqual([]);
          }
          expect(told, 'rounds in which the lie differs from the truth').toBeGreaterThan(0);
        });
      }

      it('a prover that lies about nothing breaks no constraint: the two ways to a witness agree', async () => {
        const liar = await compile('rule', { sources: sourcesWithoutAssertions, simplification: 0 });
        for (const matrix of rounds) {
          const honest = await calculateWitness(circuit.wasm, input(matrix));
          expect(relabel(await calculateWitness(liar.wasm, input(matrix)), liar, circuit)).toEqual(honest);
        }
      });
    });
  });
}

function lied(find: string, replace: string): string {
  const hints = readFileSync(join(CIRCOM_FOLDER, 'hints.circom'), 'utf8');
  expect(hints).toContain(find);
  return hints.replace(find, replace);
}

/** The sources with every `===` statement blanked: no character moves, so generated component names stay. */
function withoutAssertions(main: string, files: readonly string[]): Record<string, string> {
  const blank = (text: string) =>
    text.replace(/^[^/\n]*===[^;]*;/gm, (statement) => statement.replace(/[^\n]/g, ' '));
  const own = files.map((name) => `${name}.circom`);
  const lib = ['bitify', 'comparators'].map((name) => `circomlib/circuits/${name}.circom`);
  const libFolder = dirname(createRequire(import.meta.url).resolve('circomlib/package.json'));
  return Object.fromEntries([
    ['rule.circom', main],
    ...own.map((file) => [file, blank(readFileSync(join(CIRCOM_FOLDER, file), 'utf8'))]),
    ...lib.map((file) => [
      file,
      blank(readFileSync(join(libFolder, file.replace('circomlib/', '')), 'utf8')),
    ]),
  ]);
}

/** A witness of one compilation on the wires of another: both number the signals before simplification alike. */
function relabel(witness: readonly bigint[], from: CompiledCircuit, to: CompiledCircuit): bigint[] {
  const lines = (circuit: CompiledCircuit) =>
    circuit.symbols
      .trim()
      .split('\n')
      .map((line) => line.split(','));
  const names = new Map(lines(from).map(([, wire, , name]) => [name, Number(wire)]));
  const result = [1n];
  for (const [, wire, , name] of lines(to)) {
    if (Number(wire) >= 0) result[Number(wire)] = witness[names.get(name)!]!;
  }
  return result;
}
