import { ADDRESS_PATTERN } from '@chorus/protocol';
import { z } from 'zod';

/** Values shared by several documents of the API. Amounts and ids are decimal strings: JSON has no bigint. */
export const addressSchema = z.string().regex(ADDRESS_PATTERN).describe('account address');

export const amountSchema = z
  .string()
  .regex(/^\d{1,78}$/)
  .describe("amount in the token's smallest unit");

export const taskIdSchema = z
  .string()
  .regex(/^\d{1,20}$/, 'must be the number of a task')
  .describe('id of the task on chain');

export const timeSchema = z.iso.datetime().describe('time, UTC');

export const roleSchema = z.enum(['trainer', 'validator', 'aggregator']);

export const peerIdSchema = z.string().min(8).max(128).describe('libp2p peer id');

export const decimalsSchema = z
  .number()
  .int()
  .nullable()
  .describe('decimals of the token; null while the chain does not say');

/** An amount with its token. */
export const tokenAmountSchema = z.object({
  token: addressSchema,
  decimals: decimalsSchema,
  amount: amountSchema,
});
export type TokenAmount = z.infer<typeof tokenAmountSchema>;

/** A problem, with what to do about it. */
export const noticeSchema = z.object({
  code: z.string().describe('stable code, E_...'),
  message: z.string(),
  hint: z.string().nullable().describe('what to do'),
});
export type Notice = z.infer<typeof noticeSchema>;

/** The node has accepted a command that has no other answer. */
export const acceptedSchema = z.object({ accepted: z.literal(true) });
export type Accepted = z.infer<typeof acceptedSchema>;
