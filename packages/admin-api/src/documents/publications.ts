import {
  type Address,
  MAX_AGGREGATORS,
  MAX_ROUNDS,
  MAX_TRAINERS,
  MAX_VALIDATORS,
  termsFields,
} from '@chorus/protocol';
import { z } from 'zod';
import { factsSchema } from './problem.ts';
import { addressSchema, amountSchema, noticeSchema, taskIdSchema } from './values.ts';

/** A model stored by the node. */
export const modelSchema = z.object({
  cid: z.string().describe('CID of the file'),
  bytes: z.number().int().positive(),
});
export type StoredModel = z.infer<typeof modelSchema>;

/** The caller chooses the id; a repeated request under the same id does not publish again. */
export const publicationIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - and _')
  .describe('id of the publication, chosen by the caller');

const uint = (least: number, most: number) => z.number().int().min(least).max(most);
const seconds = uint(1, 2 ** 32 - 1);
const bps = uint(0, 10_000).describe('hundredths of a percent');
const units = (bits: bigint) =>
  amountSchema.transform(BigInt).refine((value) => value < 2n ** bits, `must be below 2^${bits}`);
const account = addressSchema.transform((text) => text.toLowerCase() as Address);

/**
 * Parameters that a requester sets on chain, within the contract's bounds. Rule, allow list and digest follow from
 * the terms.
 */
const paramsSchema = z
  .strictObject({
    token: account,
    budget: units(127n)
      .refine((value) => value > 0n, 'must be more than 0')
      .describe("amount to escrow, in the token's smallest unit: the most the task can pay, fees included"),
    rounds: uint(1, MAX_ROUNDS),
    minTrainers: uint(1, MAX_TRAINERS),
    maxTrainers: uint(1, MAX_TRAINERS),
    minAggregators: uint(1, MAX_AGGREGATORS),
    stake: units(96n).describe('deposit of each member'),
    validators: z
      .array(account)
      .min(1)
      .max(MAX_VALIDATORS)
      .describe('wallets of the validators, which compute the references'),
    minValidators: uint(1, MAX_VALIDATORS).describe('number of opened references that a round needs'),
    aggregatorFeeBps: bps,
    validatorFeeBps: bps,
    joinSeconds: seconds,
    commitSeconds: seconds,
    referenceSeconds: seconds,
    settleSeconds: seconds.describe('time of each aggregation candidate in turn'),
    minReputation: uint(0, 2 ** 40 - 1),
    vestingRounds: uint(0, 16),
    stagnationBps: bps.describe('part of the reward of a round whose median loss did not fall'),
    minShareBps: uint(0, 5000).describe(
      'part of the equal share below which a trainer is not paid in a round',
    ),
    slashReporterBps: uint(0, 1_000).describe(
      'part of the stake slashed by a verdict that goes to the reporter',
    ),
    slashBurnBps: uint(5_000, 10_000).describe(
      'part of the stake slashed by a verdict that is burned; the rest goes to the task',
    ),
  })
  .superRefine((params, context) => {
    const refuse = (field: keyof typeof params, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    const { validators } = params;
    if (params.minTrainers > params.maxTrainers) refuse('minTrainers', 'must be at most maxTrainers');
    if (params.minValidators > validators.length) refuse('minValidators', 'must be at most the validators');
    if (new Set(validators).size < validators.length) refuse('validators', 'must be different accounts');
    if (validators.some((each) => BigInt(each) === 0n)) refuse('validators', 'must not be the zero address');
    if (params.aggregatorFeeBps + params.validatorFeeBps > 5_000)
      refuse('validatorFeeBps', 'must be at most 5000 together with aggregatorFeeBps');
    if (params.slashReporterBps + params.slashBurnBps > 10_000)
      refuse('slashBurnBps', 'must be at most 10000 together with slashReporterBps');
  });

/** A request to publish a task. */
export const publicationRequestSchema = z.strictObject({
  model: z.string().min(1).max(120).describe('CID of the initial ONNX model; see POST /v1/models'),
  terms: termsFields
    .omit({ model: true, modelBytes: true, payloads: true })
    .partial({ dimension: true })
    .extend({
      payloads: z
        .enum(['sealed', 'public'])
        .default('sealed')
        .describe('who can read updates: only the validators and aggregators, or any connected peer'),
    })
    .transform(({ payloads, ...terms }) => (payloads === 'sealed' ? { ...terms, payloads } : terms))
    .describe('the terms; dimension is counted in the model if omitted'),
  params: paramsSchema,
});
/** The request as sent: amounts are decimal strings. */
export type PublicationRequest = z.input<typeof publicationRequestSchema>;
/** The request after checks: amounts are bigint, addresses lower case. */
export type CheckedPublication = z.output<typeof publicationRequestSchema>;

/** The state of a publication. */
export const publicationSchema = z.object({
  id: publicationIdSchema,
  state: z
    .enum(['check', 'escrow', 'published', 'failed'])
    .describe('check and escrow: in progress; failed: nothing was escrowed, and the request may be repeated'),
  taskId: taskIdSchema.nullable(),
  problem: noticeSchema.extend({ facts: factsSchema }).nullable().describe('why publishing failed'),
});
export type PublicationDocument = z.infer<typeof publicationSchema>;
