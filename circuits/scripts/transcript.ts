import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** One contribution to a phase of the ceremony. */
export interface Contribution {
  name: string;
  /** Fresh secret entropy, or a public value that no one could know before. */
  kind: 'entropy' | 'beacon';
  /** snarkjs's BLAKE2b-512 hash of the contribution, hex. */
  hash: string;
  beacon?: string;
  iterationsExponent?: number;
}

/** Iterated SHA-256 of the beacon, 2^this times. */
export const BEACON_ITERATIONS_EXPONENT = 10;

/** The transcript committed with the keys: how they were made, and the hashes of all files that belong together. */
export interface Transcript {
  circuit: string;
  /** Rank-1 constraints. */
  constraints: number;
  wires: number;
  publicSignals: string[];
  tools: Record<string, string>;
  sha256: { r1cs: string; wasm: string; zkey: string; verificationKey: string };
  /** Origin of the secrets, in plain words. */
  trust: string;
  phase1: Phase1;
  phase2: {
    /** snarkjs's hash of the circuit and the powers of tau that every contribution signs on to. */
    circuitHash: string;
    contributions: Contribution[];
  };
}

/** Phase 1 of the ceremony: powers of tau, for any circuit of up to 2^power constraints. */
export interface Phase1 {
  power: number;
  /** Empty for an imported file, whose authors publish its transcript. */
  contributions: Contribution[];
  /** SHA-256 of the prepared file that phase 2 starts from. */
  sha256: string;
}

/** SHA-256 of a text, bytes, or a file of any size; hex. */
export async function sha256(what: string | Uint8Array | { file: string }): Promise<string> {
  const hasher = createHash('sha256');
  if (typeof what === 'string' || what instanceof Uint8Array) return hasher.update(what).digest('hex');
  for await (const chunk of createReadStream(what.file)) hasher.update(chunk as Buffer);
  return hasher.digest('hex');
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Prints snarkjs's steps with the time since the start, and leaves out its progress chatter. */
export const logger = {
  debug(): void {},
  /** Progress of powers of tau for 2^16 constraints and more. */
  log(): void {},
  info(message: string): void {
    if (/\n|^-+$/.test(message)) return;
    console.log(`${process.uptime().toFixed(0).padStart(5)} s  ${message}`);
  },
  warn(message: string): void {
    console.warn(message);
  },
  error(message: string): void {
    console.error(message);
  },
};
