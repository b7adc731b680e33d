import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { ChorusError, type G1Point, type G2Point, sameG1 } from '@chorus/protocol';
import { loadSlices } from './committer.ts';
import { BASE_ORDER, G1_BYTES, G2_BYTES } from './engine/bn254.ts';
import type { WorkerPool } from './engine/pool.ts';
import { addPoints, G1_GENERATOR, negatePoint } from './points.ts';
import { checkLog2Size, type Srs, srsDigest } from './srs.ts';
import { sliceOf, startWorkers, threadsFor } from './start.ts';

/** Section kinds of a .ptau file (snarkjs, powersoftau_new.js): at most 11. */
const MAX_SECTIONS = 64;
const HEADER = 1;
const TAU_G1 = 2;
const TAU_G2 = 3;
/** Bytes of the challenge coefficients of the random linear combination: a wrong file passes with 2^-128. */
const COEFFICIENT_BYTES = 16;

export interface ImportOptions {
  signal?: AbortSignal;
  /** Called with a share in [0, 1]. */
  onProgress?: (done: number) => void;
  threads?: number;
}

/**
 * Imports the first 2^log2Size powers of a snarkjs `.ptau` file (phase 1, prepared or not).
 *
 * Checked: sections and sizes; the curve; that every point is canonical, finite, on its curve, in the
 * subgroup; that all of them are successive powers of one tau (a random linear combination and pairings).
 * NOT checked: that the ceremony behind the file was honest. Compare the file's published hash, or run
 * `snarkjs powersoftau verify` on it.
 *
 * @throws ChorusError `E_PTAU_INVALID`, `E_SRS_SIZE`; the signal's reason on abort
 */
export async function importPtau(path: string, log2Size: number, options: ImportOptions = {}): Promise<Srs> {
  checkLog2Size(log2Size);
  const g1 = new Uint8Array(new SharedArrayBuffer(G1_BYTES * 2 ** log2Size));
  const g2 = new Uint8Array(3 * G2_BYTES);
  await readPowers(path, log2Size, g1, g2);
  const pool = startWorkers(options.threads ?? threadsFor(log2Size));
  try {
    const first = { g1: g1.slice(0, 2 * G1_BYTES), g2 };
    const decoded = await pool.run<{ g1: G1Point[]; g2: G2Point[] }>(0, 'decode', first);
    const [one, tauG1] = decoded.g1 as [G1Point, G1Point];
    const [g2One, tauG2, tau2G2] = decoded.g2 as [G2Point, G2Point, G2Point];
    if (!sameG1(one, G1_GENERATOR)) throw invalid('the first power in G1 is not the generator', {});
    if (!sameG2(g2One, G2_GENERATOR)) throw invalid('the first power in G2 is not the generator', {});
    if (!(await pool.run<boolean>(0, 'isInG2', { points: decoded.g2 }))) {
      throw invalid('a power in G2 is not in the group', {});
    }
    const powers = { log2Size, g1, tauG1, g2: g2One, tauG2, tau2G2 };
    const digest = srsDigest(powers);
    const srs: Srs = { ...powers, g1Generator: { ...G1_GENERATOR }, origin: 'ptau', digest };
    await checkPowers(pool, srs, options);
    return srs;
  } finally {
    await pool.close();
  }
}

/** The generator [1]2 of EIP-197. */
const G2_GENERATOR: G2Point = {
  x: [
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  ],
  y: [
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  ],
};

function sameG2(a: G2Point, b: G2Point): boolean {
  return [...a.x, ...a.y].every((c, k) => c === [...b.x, ...b.y][k]);
}

/** Checks that every point is in the group, and that all are successive powers of the tau in G2. */
async function checkPowers(pool: WorkerPool, srs: Srs, options: ImportOptions): Promise<void> {
  const { signal, onProgress } = options;
  const size = 2 ** srs.log2Size;
  await loadSlices(pool, srs);
  const bad = await pool.runAll<number>('firstBadPoint', () => ({}), { signal });
  for (const [index, at] of bad.entries()) {
    if (at >= 0) {
      throw invalid('a power in G1 is not on the curve', { power: sliceOf(size, pool.size, index)[0] + at });
    }
  }
  onProgress?.(0.2);
  // With random rho: sum rho_j P_j = A, sum rho_j P_{j+1} = B, and e(A, [tau]2) = e(B, [1]2).
  const rho = randomBytes(COEFFICIENT_BYTES * size);
  rho.fill(0, COEFFICIENT_BYTES * (size - 1));
  const combine = async (shift: number): Promise<G1Point> => {
    const coefficients = Buffer.alloc(rho.length);
    rho.copy(coefficients, shift * COEFFICIENT_BYTES, 0, rho.length - shift * COEFFICIENT_BYTES);
    const parts = await pool.runAll<G1Point>(
      'combineLoaded',
      (index) => {
        const [from, to] = sliceOf(size, pool.size, index);
        return {
          coefficients: Uint8Array.from(
            coefficients.subarray(from * COEFFICIENT_BYTES, to * COEFFICIENT_BYTES),
          ),
        };
      },
      { signal, onProgress: onProgress && ((done) => onProgress(0.2 + 0.4 * (shift + done))) },
    );
    return addPoints(parts);
  };
  const lower = await combine(0);
  const upper = await combine(1);
  const holds = (pairs: [G1Point, G2Point][]): Promise<boolean> =>
    pool.run<boolean>(0, 'pairingProductIsOne', { pairs });
  const inG1 = await holds([
    [lower, srs.tauG2],
    [negatePoint(upper), srs.g2],
  ]);
  if (!inG1) throw invalid('the powers in G1 are not successive powers of one tau', {});
  const inG2 = await holds([
    [srs.tauG1, srs.tauG2],
    [negatePoint(srs.g1Generator), srs.tau2G2],
  ]);
  if (!inG2) throw invalid('the powers in G2 are not powers of the same tau', {});
  onProgress?.(1);
}

/** Reads the requested powers after checking the file's structure. */
async function readPowers(path: string, log2Size: number, g1: Uint8Array, g2: Uint8Array): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw invalid('cannot open the .ptau file', { path }, cause);
  }
  try {
    const sections = await readSections(file);
    const header = await readAt(file, sectionOf(sections, HEADER), 0, 44);
    const order = BigInt(`0x${Buffer.from(header.subarray(4, 36)).reverse().toString('hex')}`);
    if (header.readUInt32LE(0) !== 32 || order !== BASE_ORDER) throw invalid('the file is not for BN254', {});
    const power = header.readUInt32LE(36);
    if (power < 1 || power > 28) throw invalid('the power is out of range', { power });
    const [inG1, inG2] = [sectionOf(sections, TAU_G1), sectionOf(sections, TAU_G2)];
    if (inG1.size !== (2 ** (power + 1) - 1) * G1_BYTES || inG2.size !== 2 ** power * G2_BYTES) {
      throw invalid('a section has the wrong size', { power, g1: inG1.size, g2: inG2.size });
    }
    // 2^(power+1) - 1 powers in G1, one less than a power of two.
    if (log2Size > power) {
      throw new ChorusError('E_SRS_SIZE', 'the .ptau file has too few powers', {
        facts: { wanted: log2Size, available: power },
        hint: 'use a larger file of the same ceremony',
      });
    }
    if (inG2.size < g2.length) throw invalid('the file has fewer than three powers in G2', { power });
    await fill(file, inG1.at, g1);
    await fill(file, inG2.at, g2);
  } finally {
    await file.close();
  }
}

interface Section {
  at: number;
  size: number;
}

async function readSections(file: FileHandle): Promise<Map<number, Section>> {
  const length = (await file.stat()).size;
  const whole = { at: 0, size: length };
  const head = await readAt(file, whole, 0, 12);
  if (head.toString('latin1', 0, 4) !== 'ptau') throw invalid('the file does not begin with "ptau"', {});
  if (head.readUInt32LE(4) !== 1) throw invalid('unknown version', { version: head.readUInt32LE(4) });
  const count = head.readUInt32LE(8);
  if (count > MAX_SECTIONS) throw invalid('too many sections', { count });
  const sections = new Map<number, Section>();
  let at = 12;
  for (let k = 0; k < count; k++) {
    const entry = await readAt(file, whole, at, 12);
    const [kind, size] = [entry.readUInt32LE(0), Number(entry.readBigUInt64LE(4))];
    at += 12;
    if (size > length - at) throw invalid('a section goes beyond the end of the file', { kind, size });
    if (sections.has(kind)) throw invalid('a section appears twice', { kind });
    sections.set(kind, { at, size });
    at += size;
  }
  return sections;
}

function sectionOf(sections: Map<number, Section>, kind: number): Section {
  const section = sections.get(kind);
  if (section === undefined) throw invalid('a section is missing', { kind });
  return section;
}

async function readAt(file: FileHandle, section: Section, offset: number, bytes: number): Promise<Buffer> {
  if (offset + bytes > section.size) throw invalid('the file is truncated', { at: section.at + offset });
  const buffer = Buffer.alloc(bytes);
  await fill(file, section.at + offset, buffer);
  return buffer;
}

/** Reads exactly target.length bytes, in pieces (shared memory cannot be a read's target). */
async function fill(file: FileHandle, position: number, target: Uint8Array): Promise<void> {
  const piece = Buffer.alloc(Math.min(target.length, 1 << 22));
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await file.read(
      piece,
      0,
      Math.min(piece.length, target.length - done),
      position + done,
    );
    if (bytesRead === 0) throw invalid('the file is truncated', { at: position + done });
    target.set(piece.subarray(0, bytesRead), done);
    done += bytesRead;
  }
}

function invalid(message: string, facts: Record<string, string | number>, cause?: unknown): ChorusError {
  return new ChorusError('E_PTAU_INVALID', message, {
    facts,
    cause,
    hint: 'download the file again and compare its published hash',
  });
}
