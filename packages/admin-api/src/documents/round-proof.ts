import { z } from 'zod';
import { addressSchema, amountSchema, decimalsSchema, taskIdSchema } from './values.ts';

/** Lower-case hex of exactly `bytes` bytes: one spelling for every value. */
const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`));

/** A settlement is a few thousand bytes; a transaction may have 128 KiB. */
const MAX_TRANSACTION = 2 + 2 * 128 * 1024;

const scalar = hex(32);
const g1 = hex(64).describe('point of BN254 G1: x, y; infinity is all zero');
const g2 = hex(128).describe('point of BN254 G2: x c0, x c1, y c0, y c1');
const digest = hex(32);
const parts = z.array(z.number().int().min(0)).max(64);
const indices = z.array(z.number().int().min(0).max(255)).max(64);
const bps = z.number().int().min(0).max(10_000);

const vectorSchema = z.object({
  commitment: g1,
  digest: digest.describe("sha2-256 digest inside the payload's CID"),
});

const taskSchema = z.object({
  id: taskIdSchema,
  token: addressSchema,
  decimals: decimalsSchema,
  rule: digest.describe("keccak256 of the aggregation rule's name"),
  dimension: z.number().int(),
  rounds: z.number().int(),
  trainers: z.array(addressSchema).max(64),
  validators: z.array(addressSchema).max(256).describe('those that the task appointed'),
  verifier: addressSchema,
  protocolFeeBps: bps,
  aggregatorFeeBps: bps,
  validatorFeeBps: bps,
  stagnationBps: bps,
  minShareBps: bps,
});

/** What the aggregator sent, as in the calldata of its transaction. */
const settlementSchema = z.object({
  weights: parts,
  shares: parts,
  unavailable: indices,
  rejected: indices,
  novelty: g1,
  aggregate: g1,
  proof: z.object({
    gramHash: scalar,
    innerProduct: scalar,
    cross: g1,
    quotient: g1,
    evaluations: z.array(scalar).length(6).describe('v(z), v(1/z), w(z), w(1/z), S(z), S(1/z)'),
    groth16: z.object({ a: g1, b: g2, c: g1 }),
  }),
});

/** What the contract recorded of it. */
const settledSchema = z.object({
  round: z.number().int(),
  aggregator: addressSchema,
  weights: parts,
  shares: parts,
  rewards: z.array(amountSchema).max(64),
  unavailable: indices,
  rejected: indices,
  aggregate: g1,
  protocolFee: amountSchema,
  aggregatorFee: amountSchema,
  validatorFee: amountSchema,
  lossBefore: amountSchema.describe('lower median of the validators, in millionths'),
  lossAfter: amountSchema,
  budget: amountSchema,
  pool: amountSchema,
  transaction: digest,
  block: z.number().int(),
  gasUsed: amountSchema,
});

/**
 * What a settled round is checked and explained with: the chain's records and the proof, as this node read them. It has
 * no verdict: the reader computes it.
 */
export const roundProofSchema = z.object({
  chainId: z.number().int(),
  contract: addressSchema,
  task: taskSchema,
  updates: z.array(vectorSchema.nullable()).max(64).describe('by trainer; null if none was committed'),
  references: z
    .array(
      z.object({
        validator: addressSchema,
        index: z.number().int().describe('its place among the appointed validators'),
        opened: vectorSchema.nullable(),
      }),
    )
    .max(256),
  settled: settledSchema,
  settlement: settlementSchema,
  verifier: z.object({
    verifyingKeyHash: digest,
    srs: z.object({ origin: z.enum(['insecure-dev', 'ptau']), tauG1: g1, tauG2: g2, tau2G2: g2 }),
  }),
  transaction: z
    .string()
    .max(MAX_TRANSACTION)
    .regex(/^0x(?:[0-9a-f]{2})+$/)
    .nullable()
    .describe('the transaction of the settlement as it was signed; null if the endpoint does not give it'),
  gram: z
    .array(z.array(z.string().regex(/^-?\d{1,20}$/)).max(80))
    .max(80)
    .nullable()
    .describe("inner products of the round's vectors, the rule's leading rows first; null if not found"),
  missing: z.string().nullable().describe('why the inner products were not found'),
});
export type RoundProof = z.infer<typeof roundProofSchema>;
