import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CircuitRule, CircuitSize } from './gram.ts';

/** A point of BN254's G1 in projective decimal coordinates, as snarkjs writes it. */
export type G1Json = [string, string, string];
/** A point of G2, each coordinate (c0, c1) of c0 + c1 u. */
export type G2Json = [[string, string], [string, string], [string, string]];

/** A Groth16 verification key in snarkjs's JSON. */
export interface VerificationKey {
  protocol: 'groth16';
  curve: 'bn128';
  nPublic: number;
  vk_alpha_1: G1Json;
  vk_beta_2: G2Json;
  vk_gamma_2: G2Json;
  vk_delta_2: G2Json;
  /** One point for the constant and one for each public signal. */
  IC: G1Json[];
}

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

/** The name of a rule's circuit: of its main in circom/, and of its keys. */
export function circuitName(size: CircuitSize, rule: CircuitRule): string {
  return `${rule === 'reference-trust' ? 'contribution' : 'projection'}-${size}`;
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
