import { circuitName } from '@chorus/circuits';
import {
  MAX_DIMENSION,
  MAX_ROUNDS,
  MAX_VALIDATORS,
  RULE_NAMES,
  type RuleName,
  SHARE_ONE,
  WEIGHT_ONE,
} from '@chorus/protocol';
import { z } from 'zod';
import { headRows } from '../statement/statement.ts';

/** Lower-case hex of exactly `bytes` bytes: one spelling for every value. */
const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`));

const scalar = hex(32);
const g1 = hex(64);
const g2 = hex(128);
const digest = hex(32);
const address = hex(20);
const integer = (least: number, most: number) => z.number().int().min(least).max(most);

/** A payload behind a commitment: its author, and the sha2-256 digest inside its CID. */
const payload = z.strictObject({ author: address, digest });

const statement = z.strictObject({
  chainId: integer(1, Number.MAX_SAFE_INTEGER),
  contract: address,
  taskId: z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,19})$/, { abort: true })
    .refine((id) => BigInt(id) < 1n << 64n, 'not a task id'),
  round: integer(1, MAX_ROUNDS),
  prover: address,
  size: z.union([z.literal(16), z.literal(64)]),
  N: integer(2, MAX_DIMENSION),
  /** Of the rule's leading rows and n trainers, x then y; 64 zero bytes are infinity. */
  commitments: z.array(g1).max(68),
  weights: z.array(integer(0, WEIGHT_ONE)).max(64),
  shares: z.array(integer(0, SHARE_ONE)).max(64),
  aggregate: g1,
});

const parts = {
  proof: z.strictObject({
    gramHash: scalar,
    innerProduct: scalar,
    cross: g1,
    quotient: g1,
    /** v(z), v(1/z), w(z), w(1/z), S(z), S(1/z) */
    evaluations: z.array(scalar).length(6),
    groth16: z.strictObject({ a: g1, b: g2, c: g1 }),
  }),
  srs: z.strictObject({
    origin: z.enum(['insecure-dev', 'ptau']),
    digest,
    tauG1: g1,
    /** x c0, x c1, y c0, y c1 */
    g2,
    tauG2: g2,
    tau2G2: g2,
  }),
  circuit: z.strictObject({
    id: z.enum(['contribution-16', 'contribution-64', 'projection-16', 'projection-64']),
    verificationKey: digest,
  }),
  /** d: with the digests it gives the CIDs. */
  dimension: integer(1, MAX_DIMENSION),
  references: z.array(payload).max(MAX_VALIDATORS),
  /** In trainer order; null if the trainer committed nothing or its payload was unavailable. */
  updates: z.array(payload.nullable()).max(64),
  /** The settlement's transaction, once it exists. */
  transaction: digest.nullable(),
};

/**
 * A proof file in JSON; CBOR has the same maps with byte strings for the hex. This schema checks shapes and lengths;
 * the verifier checks values (points on curves, scalars below p) and names the fault.
 *
 * Version 2 has no rule: it is `reference-trust`. It can be read, but is no longer written.
 */
export const proofFileSchema = z
  .discriminatedUnion('version', [
    z.strictObject({
      format: z.literal('chorus-contribution-proof'),
      version: z.literal(3),
      statement: z.strictObject({ rule: z.enum(RULE_NAMES), ...statement.shape }),
      ...parts,
    }),
    z.strictObject({
      format: z.literal('chorus-contribution-proof'),
      version: z.literal(2),
      statement,
      ...parts,
    }),
  ])
  .refine(
    (document) =>
      document.statement.commitments.length === headRows(ruleOf(document)) + document.statement.size,
    'there must be a commitment for each of the leading rows and n trainers',
  )
  .refine(({ statement: s }) => s.weights.length === s.size, 'there must be n weights')
  .refine(({ statement: s }) => s.shares.length === s.size, 'there must be n shares')
  .refine(
    (document) => document.circuit.id === circuitName(document.statement.size, ruleOf(document)),
    'the circuit has another size or rule',
  )
  .refine(({ statement: s, updates }) => updates.length <= s.size, 'there are more updates than rows')
  .refine(({ statement: s, dimension }) => dimension <= s.N, 'the dimension is larger than N');

export type ProofDocument = z.infer<typeof proofFileSchema>;

/** The rule of a proof file's statement. */
export function ruleOf({ statement }: { statement: object }): RuleName {
  return (statement as { rule?: RuleName }).rule ?? 'reference-trust';
}
