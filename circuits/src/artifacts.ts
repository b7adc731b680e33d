import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CircuitRule, circuitName } from './gram.ts';
import type { VerificationKey } from './verification-key.ts';

/** SHA-256, hex, of what belongs together; the ceremony's transcript holds the same. */
export interface ArtifactHashes {
  r1cs: string;
  wasm: string;
  zkey: string;
  verificationKey: string;
}

export interface CircuitArtifacts {
  /** The witness generator. */
  wasmPath: string;
  /** The proving key. */
  zkeyPath: string;
  verificationKey: VerificationKey;
  /** Rank-1 constraints. */
  constraints: number;
  hashes: ArtifactHashes;
}

/**
 * The committed witness generator and keys of a rule's contribution circuit.
 *
 * Only n = 16 ships with keys; those of n = 64 are built on request (see this package's README).
 * NOTE: the files are not hashed here; `pnpm circuits:setup` and the package's tests do that.
 *
 * @example
 * const { wasmPath, zkeyPath } = circuitArtifacts(16);
 * await groth16.fullProve(input.signals, wasmPath, zkeyPath);
 */
export function circuitArtifacts(size: 16, rule: CircuitRule = 'reference-trust'): CircuitArtifacts {
  const name = circuitName(size, rule);
  const key = (part: string) => fileURLToPath(new URL(`../keys/${name}.${part}`, import.meta.url));
  const json = (part: string) => JSON.parse(readFileSync(key(part), 'utf8'));
  const transcript = json('transcript.json') as { constraints: number; sha256: ArtifactHashes };
  return {
    wasmPath: key('wasm'),
    zkeyPath: key('zkey'),
    verificationKey: json('vkey.json') as VerificationKey,
    constraints: transcript.constraints,
    hashes: transcript.sha256,
  };
}
