import { createHash } from 'node:crypto';
import { ChorusError, type Hex, MAX_DIMENSION, WEIGHT_ONE } from '@chorus/protocol';
import { checkScale } from './quantise.ts';

/**
 * The model all nodes agree on, bit for bit: a float32 base and an integer sum of aggregates
 * (docs/explain/proofs.md, "Update encoding"): `parameters = base + (scale / 2^16) * sum`.
 */
export interface GlobalModel {
  /** The parameters the task began from. */
  readonly base: Float32Array;
  /** s: one unit of an update's entry, a float32. */
  readonly scale: number;
  /**
   * Sum over the settled rounds of A_t. Integers in float64: an entry of A_t is below 2^31 and a task has at
   * most 2^12 rounds, so every partial sum is exact.
   */
  readonly sum: Float64Array;
}

const MAX_SUM = Number.MAX_SAFE_INTEGER;

/**
 * The model before the first round.
 * @throws ChorusError `E_MODEL_VALUE` if a parameter is not finite
 * @throws {RangeError} on a scale that is not a positive float32, or an empty or too long base
 */
export function createGlobalModel(base: Float32Array, scale: number): GlobalModel {
  checkScale(scale);
  if (base.length === 0 || base.length > MAX_DIMENSION) throw new RangeError(`${base.length} parameters`);
  const odd = base.findIndex((x) => !Number.isFinite(x));
  if (odd >= 0) {
    throw new ChorusError('E_MODEL_VALUE', 'a parameter of the model is not a finite number', {
      facts: { index: odd, value: base[odd]! },
    });
  }
  return { base: Float32Array.from(base), scale, sum: new Float64Array(base.length) };
}

/**
 * Add a settled round's aggregate `A_t = sum_i w_i u_i` (weights sum to at most 2^16), in place.
 * @throws ChorusError `E_MODEL_DIMENSION` on another length, `E_MODEL_RANGE` if a sum would leave 2^53;
 * the model is unchanged then
 */
export function applyAggregate(model: GlobalModel, aggregate: Int32Array): void {
  const { sum } = model;
  if (aggregate.length !== sum.length) {
    throw new ChorusError('E_MODEL_DIMENSION', 'the aggregate belongs to another model', {
      facts: { entries: aggregate.length, dimension: sum.length },
    });
  }
  for (let j = 0; j < sum.length; j++) {
    if (Math.abs(sum[j]! + aggregate[j]!) > MAX_SUM) {
      throw new ChorusError('E_MODEL_RANGE', 'the integer model would overflow', { facts: { index: j } });
    }
  }
  for (let j = 0; j < sum.length; j++) sum[j] = sum[j]! + aggregate[j]!;
}

/**
 * The float parameters: `fround(base + sum * (scale / 65536))`. `scale / 65536` is exact; the product, the sum
 * and the final float32 are each one IEEE 754 rounding, so all machines get the same bits.
 */
export function globalParameters(model: GlobalModel): Float32Array {
  const unit = model.scale / WEIGHT_ONE;
  return model.base.map((base, j) => base + model.sum[j]! * unit);
}

/** sha2-256 of the encoded model: equal exactly if base, scale and integer sum are equal. */
export function modelDigest(model: GlobalModel): Hex {
  return `0x${createHash('sha256').update(encodeGlobalModel(model)).digest('hex')}`;
}

const MAGIC = 0x4d524843; // "CHRM", little-endian
const VERSION = 1;
/** magic 4, version 4, dimension 4, scale 4; then base as float32 and sum as int64, little-endian. */
const HEADER_BYTES = 16;
const ENTRY_BYTES = 12;

/** The model as bytes, for storage and for its digest; the same bytes on every machine. */
export function encodeGlobalModel(model: GlobalModel): Uint8Array {
  const { base, scale, sum } = model;
  const bytes = new Uint8Array(HEADER_BYTES + ENTRY_BYTES * base.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, base.length, true);
  view.setFloat32(12, scale, true);
  const sums = HEADER_BYTES + 4 * base.length;
  for (let j = 0; j < base.length; j++) {
    view.setFloat32(HEADER_BYTES + 4 * j, base[j]!, true);
    // int64 in two halves: floor makes the high half carry the sign, as two's complement does.
    const high = Math.floor(sum[j]! / 0x100000000);
    view.setUint32(sums + 8 * j, sum[j]! - high * 0x100000000, true);
    view.setInt32(sums + 8 * j + 4, high, true);
  }
  return bytes;
}

/**
 * Read a model written by {@link encodeGlobalModel}; everything is checked.
 * @throws ChorusError `E_MODEL_CORRUPT`
 */
export function decodeGlobalModel(bytes: Uint8Array): GlobalModel {
  const corrupt = (message: string, facts: Record<string, string | number>) =>
    new ChorusError('E_MODEL_CORRUPT', message, { facts, hint: 'fetch or rebuild the model file' });
  if (bytes.length < HEADER_BYTES) throw corrupt('the file is too short', { bytes: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION) {
    throw corrupt('not a global model of version 1', { magic: view.getUint32(0, true) });
  }
  const dimension = view.getUint32(8, true);
  if (
    dimension === 0 ||
    dimension > MAX_DIMENSION ||
    bytes.length !== HEADER_BYTES + ENTRY_BYTES * dimension
  ) {
    throw corrupt('the file does not have the stated size', { dimension, bytes: bytes.length });
  }
  const scale = view.getFloat32(12, true);
  if (!(scale > 0 && Number.isFinite(scale))) throw corrupt('the scale is impossible', { scale });
  const base = new Float32Array(dimension);
  const sum = new Float64Array(dimension);
  const sums = HEADER_BYTES + 4 * dimension;
  for (let j = 0; j < dimension; j++) {
    base[j] = view.getFloat32(HEADER_BYTES + 4 * j, true);
    sum[j] = view.getInt32(sums + 8 * j + 4, true) * 0x100000000 + view.getUint32(sums + 8 * j, true);
    if (!Number.isFinite(base[j]!) || Math.abs(sum[j]!) > MAX_SUM) {
      throw corrupt('an entry is out of range', { index: j, base: base[j]!, sum: sum[j]! });
    }
  }
  return { base, scale, sum };
}
