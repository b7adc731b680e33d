import { createHash } from 'node:crypto';
import type { Contribution, Transcript } from './transcript.ts';

/** Order of BN254's base field. */
const BASE_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
/** 2^-256 modulo the base field's order: leaves Montgomery form. */
const MONTGOMERY_INVERSE = 20988524275117001072002809824448087578619730785600314334253784976379291040311n;

const COORDINATE = 32;
const POINTS = 3 * 2 * COORDINATE + 4 * COORDINATE;
const HASH = 64;
/** Section of a zkey that holds phase 2 of its ceremony. */
const CEREMONY_SECTION = 10;

/**
 * Phase 2 as a proving key itself records it: the hash of the circuit, and each contribution's name, kind, beacon and
 * hash, the hash recomputed (BLAKE2b-512 of the contribution's public key, as snarkjs does).
 *
 * NOTE: that the key is the product of these contributions takes the powers of tau to verify.
 *
 * @param bytes - a groth16 zkey file
 */
export function ceremonyOf(bytes: Uint8Array): Transcript['phase2'] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = section(data, CEREMONY_SECTION);
  const take = (length: number) => {
    at += length;
    return data.subarray(at - length, at);
  };
  const circuitHash = take(HASH).toString('hex');
  const contributions: Contribution[] = [];
  for (let left = take(4).readUInt32LE(); left > 0; left--) {
    const points = take(POINTS);
    const transcript = take(HASH);
    const hash = createHash('blake2b512').update(uncompressed(points)).update(transcript).digest('hex');
    const kind = take(4).readUInt32LE() === 1 ? 'beacon' : 'entropy';
    const contribution: Contribution = { name: '', kind, hash };
    for (const end = take(4).readUInt32LE() + at; at < end; ) {
      const parameter = take(1)[0];
      if (parameter === 1) contribution.name = take(take(1)[0]!).toString('utf8');
      else if (parameter === 2) contribution.iterationsExponent = take(1)[0]!;
      else if (parameter === 3) contribution.beacon = take(take(1)[0]!).toString('hex');
      else throw new Error(`a zkey with an unknown ceremony parameter ${parameter}`);
    }
    contributions.push(contribution);
  }
  return { circuitHash, contributions };
}

/** Where a section's content starts in an iden3 binary file. */
function section(data: Buffer, wanted: number): number {
  let at = 12;
  for (let left = data.readUInt32LE(8); left > 0; left--) {
    if (data.readUInt32LE(at) === wanted) return at + 12;
    at += 12 + Number(data.readBigUInt64LE(at + 4));
  }
  throw new Error(`a zkey without section ${wanted}`);
}

/** Three points of G1 and one of G2, from little-endian Montgomery coordinates to big-endian ones, c1 before c0. */
function uncompressed(points: Buffer): Buffer {
  const coordinates = Array.from({ length: POINTS / COORDINATE }, (_, k) => {
    const hex = Buffer.from(points.subarray(COORDINATE * k, COORDINATE * (k + 1)))
      .reverse()
      .toString('hex');
    const value = (BigInt(`0x${hex}`) * MONTGOMERY_INVERSE) % BASE_ORDER;
    return Buffer.from(value.toString(16).padStart(2 * COORDINATE, '0'), 'hex');
  });
  const order = [0, 1, 2, 3, 4, 5, 7, 6, 9, 8];
  return Buffer.concat(order.map((k) => coordinates[k]!));
}
