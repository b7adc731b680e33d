import { ChorusError } from '@chorus/protocol';
import { poseidon16 } from 'poseidon-lite/poseidon16';

/** Order of BN254's scalar field: the field of the circuit's signals. */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Trainers a contribution circuit has rows for; shorter rounds are padded with zero rows. */
export type CircuitSize = 16 | 64;

/** Rows of the circuit that tasks are settled with. */
export const CIRCUIT_SIZE = 16 satisfies CircuitSize;

/** The rules that have a circuit. */
export type CircuitRule = 'reference-trust' | 'reference-projection';

/** The name of a rule's circuit: of its main in circom/, and of its keys. */
export function circuitName(size: CircuitSize, rule: CircuitRule): string {
  return `${rule === 'reference-trust' ? 'contribution' : 'projection'}-${size}`;
}

/** 2^62: what the hash adds to every entry, and the bound of entries for `reference-trust`. */
export const ENTRY_BOUND = 1n << 62n;

/** Rows before the trainers', and the bounds of entries: with a head row, and of two trainers. */
const SHAPES: Record<CircuitRule, { headRows: number; headBound: bigint; bound: bigint }> = {
  'reference-trust': { headRows: 1, headBound: ENTRY_BOUND, bound: ENTRY_BOUND },
  'reference-projection': { headRows: 4, headBound: 1n << 49n, bound: 1n << 53n },
};

/** Rows of the circuit's matrix: the rule's head rows and `size` trainers. */
function rowsOf(size: CircuitSize, rule: CircuitRule): number {
  return SHAPES[rule].headRows + size;
}

const ENTRY_BITS = 63n;
const ENTRIES_PER_ELEMENT = 4;
const ELEMENTS_PER_CHUNK = 15;

/** Symmetric, `rows[i][j] = <u_i, u_j>`; the rule's head rows (1 or 4) first, then the trainers. */
export type GramMatrix = readonly (readonly bigint[])[];

/**
 * The upper triangle by rows, (0,0), (0,1), ..., (0,m), (1,1), ..., (m,m), with zero rows up to the circuit's size:
 * m = size for `reference-trust`, size + 3 for `reference-projection`.
 *
 * @param gram - the rule's head rows and k trainers, k <= size
 * @returns (m + 1)(m + 2) / 2 integers
 * @throws ChorusError `E_GRAM_INVALID` if the matrix is not square, too large, not symmetric, has an entry of
 *   2^62 or more in magnitude (`reference-projection`: 2^49 with a head row, 2^53 else), or a negative squared norm
 */
export function upperTriangle(
  gram: GramMatrix,
  size: CircuitSize,
  rule: CircuitRule = 'reference-trust',
): bigint[] {
  checkGram(gram, size, rule);
  const rows = rowsOf(size, rule);
  const triangle: bigint[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < rows; j++) triangle.push(gram[i]?.[j] ?? 0n);
  }
  return triangle;
}

/**
 * h, the hash of the Gram matrix that the transcript fixes before the challenges: entries plus 2^62, four to a
 * field element, then `s = m; s = Poseidon(s, next 15 elements)` with circomlib's Poseidon of 16 inputs, m being the
 * index of the circuit's last row. The same as the circuit's template GramHash.
 *
 * @throws ChorusError `E_GRAM_INVALID` as {@link upperTriangle}
 */
export function gramHash(gram: GramMatrix, size: CircuitSize, rule: CircuitRule = 'reference-trust'): bigint {
  const shifted = upperTriangle(gram, size, rule).map((entry) => entry + ENTRY_BOUND);
  const elements = packWords(shifted, ENTRY_BITS, ENTRIES_PER_ELEMENT);
  let state = BigInt(rowsOf(size, rule) - 1);
  for (let at = 0; at < elements.length; at += ELEMENTS_PER_CHUNK) {
    const chunk = elements.slice(at, at + ELEMENTS_PER_CHUNK);
    while (chunk.length < ELEMENTS_PER_CHUNK) chunk.push(0n);
    state = poseidon16([state, ...chunk]);
  }
  return state;
}

/** c = sum_ij alpha^i beta^j G_ij modulo the field's order, over both triangles. */
export function bilinearForm(gram: GramMatrix, alpha: bigint, beta: bigint): bigint {
  let total = 0n;
  for (const row of gram.toReversed()) {
    const sum = row.toReversed().reduce((acc, entry) => (acc * beta + entry) % FIELD_ORDER, 0n);
    total = (total * alpha + sum) % FIELD_ORDER;
  }
  return ((total % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER;
}

/**
 * Small integers packed little-endian into field elements: word k is sum_j values[perWord k + j] 2^(bits j).
 *
 * @param values - integers in [0, 2^bits)
 */
export function packWords(values: readonly bigint[], bits: bigint, perWord: number): bigint[] {
  const words: bigint[] = [];
  for (let at = 0; at < values.length; at += perWord) {
    const word = values.slice(at, at + perWord).reduceRight((acc, value) => (acc << bits) | value, 0n);
    words.push(word);
  }
  return words;
}

function checkGram(gram: GramMatrix, size: CircuitSize, rule: CircuitRule): void {
  const { headRows, headBound, bound } = SHAPES[rule];
  if (gram.length < headRows || gram.length > headRows + size) {
    throw invalid('has a row count that the circuit has no room for', { rows: gram.length, size });
  }
  for (const [i, row] of gram.entries()) {
    if (row.length !== gram.length) throw invalid('is not square', { row: i, columns: row.length });
    for (const [j, entry] of row.entries()) {
      const limit = i < headRows || j < headRows ? headBound : bound;
      if (entry >= limit || entry <= -limit) throw invalid('has an entry that is too large', { i, j });
      if (entry !== gram[j]?.[i]) throw invalid('is not symmetric', { i, j });
    }
    if (row[i]! < 0n) throw invalid('has a negative squared norm', { row: i });
  }
}

function invalid(what: string, facts: Record<string, number>): ChorusError {
  return new ChorusError('E_GRAM_INVALID', `the Gram matrix ${what}`, {
    facts,
    hint: 'compute it from the payloads of this round, as integers',
  });
}
