import type { SrsKey } from '@chorus/commitment';
import {
  type Address,
  ChorusError,
  type ContributionProof,
  decodeStrict,
  faultOf,
  fromHex,
  type Hex,
  toHex,
} from '@chorus/protocol';
import { encode } from 'cborg';
import type { ZodError } from 'zod';
import type { RoundStatement } from '../statement/statement.ts';
import { g1FromHex, g1ToHex, g2FromHex, g2ToHex, scalarFromHex, scalarToHex } from './points.ts';
import { type ProofDocument, proofFileSchema, ruleOf } from './schema.ts';

/** Largest proof file: n = 64 with all payloads takes about 40 KiB as JSON. */
export const MAX_PROOF_FILE_BYTES = 128 * 1024;

/** The author of a payload, and the sha2-256 digest inside its CID. */
export interface PayloadRecord {
  author: Address;
  digest: Hex;
}

/** Everything a verifier needs to know about one settled round, without a node or a chain. */
export interface ProofFile {
  statement: RoundStatement;
  proof: ContributionProof;
  /** As stated by the file: compare `digest` with one you trust, since anyone who knows tau can forge. */
  srs: SrsKey;
  /** The circuit of the statement's rule and size, see `circuitName` of @chorus/circuits. */
  circuit: { id: ProofDocument['circuit']['id']; verificationKey: Hex };
  /** d */
  dimension: number;
  references: PayloadRecord[];
  /** In trainer order; null if absent. */
  updates: (PayloadRecord | null)[];
  transaction: Hex | null;
}

/**
 * A proof file as JSON (indented by two, one line feed at the end) or CBOR (RFC 8949, sorted keys, shortest forms).
 * Every file has exactly one encoding of each kind, of the newest version.
 * @throws ChorusError `E_PROOF_FILE` for values that do not fit the format
 */
export function encodeProofFile(file: ProofFile, encoding: 'json' | 'cbor' = 'json'): Uint8Array {
  let document: ProofDocument;
  try {
    document = toDocument(file);
  } catch (cause) {
    throw malformed('a value does not fit the format', {}, cause);
  }
  const parsed = proofFileSchema.safeParse(document);
  if (!parsed.success) throw invalid(parsed.error);
  return write(parsed.data, encoding);
}

/**
 * Reads a proof file of either encoding. Strict: unknown keys, other spellings of a value, trailing bytes and anything
 * but the one canonical encoding of the file's version are refused. Says nothing about whether the proof holds.
 * @throws ChorusError `E_PROOF_FILE`
 */
export function decodeProofFile(bytes: Uint8Array): ProofFile {
  if (bytes.length > MAX_PROOF_FILE_BYTES) {
    throw malformed('the file is too long', { bytes: bytes.length, limit: MAX_PROOF_FILE_BYTES });
  }
  const encoding = bytes[0] === 0x7b ? 'json' : 'cbor';
  let value: unknown;
  try {
    value =
      encoding === 'json'
        ? JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
        : readCbor(bytes);
  } catch (cause) {
    throw malformed(`the file is not ${encoding.toUpperCase()}`, { bytes: bytes.length }, cause);
  }
  const parsed = proofFileSchema.safeParse(value);
  if (!parsed.success) throw isSnarkjs(value) ? ofSnarkjs() : invalid(parsed.error);
  const canonical = write(parsed.data, encoding);
  if (canonical.length !== bytes.length || canonical.some((byte, k) => byte !== bytes[k])) {
    throw malformed('the file is not in canonical form', { encoding });
  }
  return fromDocument(parsed.data);
}

/** Objects that zod has parsed have their keys in the schema's order, so JSON has one spelling. */
function write(document: ProofDocument, encoding: 'json' | 'cbor'): Uint8Array {
  if (encoding === 'json') return new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
  return encode(
    mapValues(document, (value) =>
      typeof value === 'string' && value.startsWith('0x') ? fromHex(value) : value,
    ),
  );
}

function readCbor(bytes: Uint8Array): unknown {
  return mapValues(decodeStrict(bytes), (leaf) => (leaf instanceof Uint8Array ? toHex(leaf) : leaf));
}

/** Applies `change` to every leaf of a tree of arrays and plain objects. */
function mapValues(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapValues(item, change));
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapValues(item, change)]));
  }
  return change(value);
}

function toDocument({ statement: s, proof: p, srs, ...rest }: ProofFile): ProofDocument {
  const payload = (r: PayloadRecord): PayloadRecord => ({ author: lower(r.author), digest: lower(r.digest) });
  return {
    format: 'chorus-contribution-proof',
    version: 3,
    statement: {
      rule: s.rule,
      chainId: s.chainId,
      contract: lower(s.contract),
      taskId: s.taskId.toString(),
      round: s.round,
      prover: lower(s.prover),
      size: s.size,
      N: s.N,
      commitments: s.commitments.map(g1ToHex),
      weights: s.weights,
      shares: s.shares,
      aggregate: g1ToHex(s.aggregate),
    },
    proof: {
      gramHash: scalarToHex(p.gramHash),
      innerProduct: scalarToHex(p.innerProduct),
      cross: g1ToHex(p.cross),
      quotient: g1ToHex(p.quotient),
      evaluations: p.evaluations.map(scalarToHex),
      groth16: { a: g1ToHex(p.groth16.a), b: g2ToHex(p.groth16.b), c: g1ToHex(p.groth16.c) },
    },
    srs: {
      origin: srs.origin,
      digest: lower(srs.digest),
      tauG1: g1ToHex(srs.tauG1),
      g2: g2ToHex(srs.g2),
      tauG2: g2ToHex(srs.tauG2),
      tau2G2: g2ToHex(srs.tau2G2),
    },
    circuit: { id: rest.circuit.id, verificationKey: lower(rest.circuit.verificationKey) },
    dimension: rest.dimension,
    references: rest.references.map(payload),
    updates: rest.updates.map((update) => update && payload(update)),
    transaction: rest.transaction && lower(rest.transaction),
  };
}

function fromDocument(document: ProofDocument): ProofFile {
  const { statement: s, proof: p, srs, ...rest } = document;
  const payload = (r: { author: string; digest: string }): PayloadRecord => r as PayloadRecord;
  return {
    statement: {
      ...s,
      rule: ruleOf(document),
      contract: s.contract as Address,
      prover: s.prover as Address,
      taskId: BigInt(s.taskId),
      commitments: s.commitments.map(g1FromHex),
      aggregate: g1FromHex(s.aggregate),
    },
    proof: {
      gramHash: scalarFromHex(p.gramHash),
      innerProduct: scalarFromHex(p.innerProduct),
      cross: g1FromHex(p.cross),
      quotient: g1FromHex(p.quotient),
      evaluations: p.evaluations.map(scalarFromHex) as ContributionProof['evaluations'],
      groth16: { a: g1FromHex(p.groth16.a), b: g2FromHex(p.groth16.b), c: g1FromHex(p.groth16.c) },
    },
    srs: {
      origin: srs.origin,
      digest: srs.digest as Hex,
      tauG1: g1FromHex(srs.tauG1),
      g2: g2FromHex(srs.g2),
      tauG2: g2FromHex(srs.tauG2),
      tau2G2: g2FromHex(srs.tau2G2),
    },
    circuit: rest.circuit as ProofFile['circuit'],
    dimension: rest.dimension,
    references: rest.references.map(payload),
    updates: rest.updates.map((update) => update && payload(update)),
    transaction: rest.transaction as Hex | null,
  };
}

function lower<T extends string>(hex: T): T {
  return hex.toLowerCase() as T;
}

function invalid(error: ZodError): ChorusError {
  const issue = error.issues[0];
  const field = [
    ...(issue?.path ?? []),
    ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []),
  ];
  return malformed(`the file is not a Chorus proof file: ${faultOf(issue)}`, {
    field: field.map(String).join('.'),
  });
}

/** A bare Groth16 proof, which contains nothing about a round. */
function isSnarkjs(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'pi_a' in value && 'pi_b' in value && 'pi_c' in value;
}

function ofSnarkjs(): ChorusError {
  return new ChorusError('E_PROOF_FILE', 'this is a snarkjs proof, not a Chorus proof file', {
    hint: 'write one with `chorus proof export`; it holds the round and the Gram argument together with such a proof',
  });
}

function malformed(message: string, facts: Record<string, string | number>, cause?: unknown): ChorusError {
  return new ChorusError('E_PROOF_FILE', message, {
    facts,
    cause,
    hint: 'export the proof again; do not edit a proof file',
  });
}
