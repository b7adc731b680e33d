import { z } from 'zod';
import { ChorusError } from './errors.ts';
import { MAX_DIMENSION, MAX_TRAINERS } from './limits.ts';

/**
 * What a settled round leaves for nodes that hold none of its payloads: the aggregate advances the model, and
 * the rewards follow from the Gram matrix. A node checks both: the aggregate opens C_A, the matrix has the
 * hash that was proven.
 */
export interface RoundSummary {
  /**
   * sha2-256 inside the CID of the aggregate's file (see {@link encodeAggregate}); null if the aggregate has
   * no updates.
   */
  aggregate: Uint8Array | null;
  /** The Gram matrix that was proven, the rule's leading rows first; null if the peer does not have it. */
  gram: bigint[][] | null;
}

/** libp2p protocol id of round summaries: any peer may ask. */
export const SUMMARY_PROTOCOL = '/chorus/summary/1.0.0';

/** Rows of the largest Gram matrix: three groups of references, the novelty, and the trainers. */
const MAX_GRAM_ROWS = MAX_TRAINERS + 4;

const ENTRY_BYTES = 8;

/** Maximum length of an encoded summary. */
export const MAX_SUMMARY_BYTES = 2048;

const digest = z.custom<Uint8Array>((b) => b instanceof Uint8Array && b.length === 32);
const gram = z.custom<Uint8Array>((b) => b instanceof Uint8Array && gramRows(b.length) !== null);

/** Rows of a matrix whose upper triangle has this number of bytes; null if no matrix has that size. */
function gramRows(bytes: number): number | null {
  for (let rows = 1; rows <= MAX_GRAM_ROWS; rows++) {
    if ((rows * (rows + 1) * ENTRY_BYTES) / 2 === bytes) return rows;
  }
  return null;
}

/** The answer to a request for a summary: what the peer has of it, or why it has nothing. */
export const summaryResponseSchema = z.union([
  z
    .strictObject({ aggregate: digest.nullable(), gram: gram.nullable() })
    .transform(({ aggregate, gram }): RoundSummary => ({ aggregate, gram: gram && decodeGram(gram) })),
  z.strictObject({ refused: z.string().max(200) }),
]);

/** A symmetric matrix as bytes: its upper triangle, row by row, each entry a signed big-endian integer of 8 bytes. */
export function encodeGram(matrix: readonly (readonly bigint[])[]): Uint8Array {
  const rows = matrix.length;
  const bytes = new Uint8Array((rows * (rows + 1) * ENTRY_BYTES) / 2);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < rows; j++, at += ENTRY_BYTES) view.setBigInt64(at, matrix[i]![j]!);
  }
  return bytes;
}

function decodeGram(bytes: Uint8Array): bigint[][] {
  const rows = gramRows(bytes.length) ?? 0;
  const matrix = Array.from({ length: rows }, () => new Array<bigint>(rows).fill(0n));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < rows; j++, at += ENTRY_BYTES) {
      matrix[i]![j] = view.getBigInt64(at);
      matrix[j]![i] = matrix[i]![j]!;
    }
  }
  return matrix;
}

/** Size in bytes of the file of an aggregate with `dimension` entries. */
export function aggregateBytes(dimension: number): number {
  return 4 * dimension;
}

/**
 * The aggregate of a round as a file: little-endian int32, without a header; its commitment on chain
 * identifies it.
 */
export function encodeAggregate(aggregate: Int32Array): Uint8Array {
  const bytes = new Uint8Array(aggregateBytes(aggregate.length));
  const view = new DataView(bytes.buffer);
  aggregate.forEach((entry, j) => {
    view.setInt32(4 * j, entry, true);
  });
  return bytes;
}

/** @throws ChorusError `E_SUMMARY_WRONG` if the file does not have `dimension` entries */
export function decodeAggregate(bytes: Uint8Array, dimension: number): Int32Array {
  if (bytes.length !== aggregateBytes(dimension) || dimension > MAX_DIMENSION) {
    throw new ChorusError('E_SUMMARY_WRONG', 'the file is not an aggregate of this task', {
      facts: { bytes: bytes.length, expected: aggregateBytes(dimension) },
      hint: 'the node asks another peer for it',
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Int32Array.from({ length: dimension }, (_, j) => view.getInt32(4 * j, true));
}
