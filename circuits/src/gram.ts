import { ChorusError } from '@chorus/protocol';
import { poseidon16 } from 'poseidon-lite/poseidon16';

/** Order of BN254's scalar field: the field of the circuit's signals. */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Trainers a contribution circuit has rows for; shorter rounds are padded with zero rows. */
export type CircuitSize = 16 | 64;

/** Entries of the Gram matrix are integers with |entry| below this, 2^62. */
export const ENTRY_BOUND = 1n << 62n;

const ENTRY_BITS = 63n;
const ENTRIES_PER_ELEMENT = 4;
const ELEMENTS_PER_CHUNK = 15;

/** Symmetric, `rows[i][j] = <u_i, u_j>`, row 0 the reference, rows 1..k the trainers. */
export type GramMatrix = readonly (readonly bigint[])[];

/**
 * The upper triangle by rows, (0,0), (0,1), ..., (0,n), (1,1), ..., (n,n), with zero rows up to the circuit's size.
 *
 * @param gram - (k + 1) x (k + 1), k <= size
 * @returns (size + 1)(size + 2) / 2 integers
 * @throws ChorusError `E_GRAM_INVALID` where the matrix is not square, too large, not symmetric, has an entry of
 *   magnitude 2^62 or more, or a negative squared norm
 */
export function upperTriangle(gram: GramMatrix, size: CircuitSize): bigint[] {
  checkGram(gram, size);
  const triangle: bigint[] = [];
  for (let i = 0; i <= size; i++) {
    for (let j = i; j <= size; j++) triangle.push(gram[i]?.[j] ?? 0n);
  }
  return triangle;
}

/**
 * h, the hash of the Gram matrix that the transcript fixes before the challenges: entries plus 2^62, four to a
 * field element, then `s = n; s = Poseidon(s, next 15 elements)` with circomlib's Poseidon of 16 inputs. The same
 * as the circuit's template GramHash.
 *
 * @throws ChorusError `E_GRAM_INVALID` as {@link upperTriangle}
 */
export function gramHash(gram: GramMatrix, size: CircuitSize): bigint {
  const shifted = upperTriangle(gram, size).map((entry) => entry + ENTRY_BOUND);
  const elements = packWords(shifted, ENTRY_BITS, ENTRIES_PER_ELEMENT);
  let state = BigInt(size);
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

function checkGram(gram: GramMatrix, size: CircuitSize): void {
  if (gram.length < 1 || gram.length > size + 1) {
    throw invalid('has a row count that the circuit has no room for', { rows: gram.length, size });
  }
  for (const [i, row] of gram.entries()) {
    if (row.length !== gram.length) throw invalid('is not square', { row: i, columns: row.length });
    for (const [j, entry] of row.entries()) {
      if (entry >= ENTRY_BOUND || entry <= -ENTRY_BOUND)
        throw invalid('has an entry of 63 bits or more', { i, j });
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
