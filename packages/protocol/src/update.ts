import { ChorusError } from './errors.ts';
import { type Address, fromHex, toHex } from './hex.ts';
import { MAX_DIMENSION, MAX_ENTRY } from './limits.ts';

/**
 * An integer update: `u_j = clamp(round(delta_j / scale), -32767, 32767)` for each trainable parameter, in
 * the model's parameter order (docs/explain/proofs.md, "Update encoding").
 */
export type UpdateVector = Int16Array;

/** The header of a payload on IPFS. */
export interface PayloadHeader {
  kind: 'update' | 'reference';
  taskId: bigint;
  round: number;
  /** The trainer of an update, or the validator of a reference. */
  author: Address;
  /** d: how many int16 entries follow. */
  dimension: number;
}

export interface Payload extends PayloadHeader {
  vector: UpdateVector;
}

const MAGIC = 0x55524843; // "CHRU", little-endian
const VERSION = 1;
const KINDS = ['update', 'reference'] as const;

/** magic 4, version 1, kind 1, reserved 2, task 32, round 4, author 20, dimension 4. */
export const PAYLOAD_HEADER_BYTES = 68;

/** Bytes of the payload of a vector with `dimension` entries. */
export function payloadBytes(dimension: number): number {
  return PAYLOAD_HEADER_BYTES + 2 * dimension;
}

const malformed = (message: string, facts: Record<string, string | number>): ChorusError =>
  new ChorusError('E_PAYLOAD_MALFORMED', message, {
    facts,
    hint: 'the payload is not an update and is ignored',
  });

/**
 * Encode a payload: the fixed header, then the vector as little-endian int16.
 * @throws ChorusError `E_PAYLOAD_MALFORMED` if the vector is too long or has an entry of -32768
 */
export function encodePayload(payload: Payload): Uint8Array {
  const { vector } = payload;
  if (vector.length !== payload.dimension || vector.length === 0 || vector.length > MAX_DIMENSION) {
    throw malformed('the vector does not have the stated dimension', {
      dimension: payload.dimension,
      entries: vector.length,
    });
  }
  const bytes = new Uint8Array(payloadBytes(vector.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, KINDS.indexOf(payload.kind));
  bytes.set(fromHex(`0x${payload.taskId.toString(16).padStart(64, '0')}`), 8);
  view.setUint32(40, payload.round, true);
  bytes.set(fromHex(payload.author), 44);
  view.setUint32(64, vector.length, true);
  for (let j = 0; j < vector.length; j++) {
    const entry = vector[j]!;
    if (entry < -MAX_ENTRY) throw malformed('an entry is out of range', { entry, index: j });
    view.setInt16(PAYLOAD_HEADER_BYTES + 2 * j, entry, true);
  }
  return bytes;
}

/**
 * Decode and check a payload. `expected` is what the chain says the payload must be; anything else is refused.
 * @throws ChorusError `E_PAYLOAD_MALFORMED`
 */
export function decodePayload(bytes: Uint8Array, expected: PayloadHeader): Payload {
  if (bytes.length !== payloadBytes(expected.dimension)) {
    throw malformed('the payload has the wrong size', {
      size: bytes.length,
      expected: payloadBytes(expected.dimension),
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MAGIC || view.getUint8(4) !== VERSION || view.getUint16(6, true) !== 0) {
    throw malformed('the payload does not begin with a version 1 header', { version: view.getUint8(4) });
  }
  const kind = KINDS[view.getUint8(5)];
  const taskId = BigInt(toHex(bytes.subarray(8, 40)));
  const round = view.getUint32(40, true);
  const author = toHex(bytes.subarray(44, 64));
  const dimension = view.getUint32(64, true);
  if (kind !== expected.kind) throw malformed('the payload is of another kind', { kind: kind ?? 'unknown' });
  if (taskId !== expected.taskId || round !== expected.round) {
    throw malformed('the payload is of another task or round', { taskId: taskId.toString(), round });
  }
  if (author !== expected.author.toLowerCase())
    throw malformed('the payload names another author', { author });
  if (dimension !== expected.dimension)
    throw malformed('the payload states another dimension', { dimension });
  const vector = new Int16Array(dimension);
  for (let j = 0; j < dimension; j++) {
    const entry = view.getInt16(PAYLOAD_HEADER_BYTES + 2 * j, true);
    if (entry < -MAX_ENTRY) throw malformed('an entry is out of range', { entry, index: j });
    vector[j] = entry;
  }
  return { kind, taskId, round, author, dimension, vector };
}
