import { z } from 'zod';
import { addressSchema, amountSchema, decimalsSchema, timeSchema } from './values.ts';

const digestSchema = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be a digest: sha256: and 64 hexadecimal digits');
const intentSchema = z
  .string()
  .min(16)
  .max(128)
  .describe('what the caller wants: the same again finds a payment that was not answered');

export const paymentIdSchema = z
  .string()
  .regex(/^pay_[0-9a-f]{32}$/, 'must be the id of a payment')
  .describe('id of the payment');

export const resumePaymentRequestSchema = z.strictObject({
  intent: intentSchema,
  request: digestSchema.describe('digest of the body of the request'),
});
export type ResumePaymentRequest = z.infer<typeof resumePaymentRequestSchema>;

export const payRequestSchema = z.strictObject({
  agent: z.string().min(1).max(2_048).describe('address by which the agent is called'),
  intent: intentSchema,
  request: digestSchema.describe('digest of the body of the request'),
  required: z.string().min(1).max(8_192).describe("header PAYMENT-REQUIRED of the agent's answer 402"),
  most: z
    .string()
    .min(1)
    .max(100)
    .nullable()
    .describe(
      'most to pay, such as 0.05 CHOR; of the only token if it names none; null: only what is prepaid is spent',
    ),
  approved: z.boolean().default(false).describe('its user has said yes to the price'),
});
export type PayRequest = z.input<typeof payRequestSchema>;

export const paidSchema = z.object({
  id: paymentIdSchema,
  header: z.string().describe('value of the header PAYMENT-SIGNATURE'),
  nonce: z.string(),
  token: addressSchema,
  symbol: z.string().nullable(),
  decimals: decimalsSchema,
  amount: amountSchema,
  channel: z.string().nullable().describe('the prepaid channel that pays; null: a transfer of its own'),
});
export type PaidDocument = z.infer<typeof paidSchema>;

export const resumedPaymentSchema = z.object({
  payment: paidSchema.nullable().describe('null if nothing was paid, or it was answered'),
});
export type ResumedPayment = z.infer<typeof resumedPaymentSchema>;

export const endPaymentRequestSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('answered'),
    transaction: z.string().max(100).nullable(),
    receipt: z.string().max(8_000).nullable(),
    output: digestSchema.nullable().describe('digest of the answer; null if not all of it was read'),
  }),
  z.strictObject({
    state: z.literal('refused'),
    reason: z.string().max(500),
    required: z
      .string()
      .max(8_192)
      .optional()
      .describe('header PAYMENT-REQUIRED of the answer: it may say where a prepaid channel is'),
  }),
]);
export type EndPaymentRequest = z.infer<typeof endPaymentRequestSchema>;

export const endedPaymentSchema = z.object({
  accepted: z.literal(true),
  again: z
    .boolean()
    .describe('another payment of the same call fits: the agent has proven where the channel is'),
});
export type EndedPayment = z.infer<typeof endedPaymentSchema>;

export const paymentsQuerySchema = z.object({
  agent: z.string().max(2_048).optional().describe('name of an own agent, or address of another'),
  most: z.coerce.number().int().min(1).max(500).default(100),
});
export type PaymentsQuery = Partial<z.output<typeof paymentsQuerySchema>>;

export const paymentSchema = z.object({
  direction: z.enum(['in', 'out']),
  id: z.string().nullable().describe("the payer's id of the payment"),
  agent: z.string().describe('name of the own agent, or address of the other'),
  resource: z.string(),
  payer: addressSchema,
  payee: addressSchema,
  token: addressSchema,
  symbol: z.string().nullable(),
  decimals: decimalsSchema,
  amount: amountSchema,
  state: z.enum(['settling', 'settled', 'running', 'intent', 'signed', 'answered', 'refused', 'void']),
  reason: z.string().nullable().describe('why nothing was paid'),
  at: timeSchema,
  endedAt: timeSchema.nullable(),
  transaction: z.string().nullable(),
  channel: z.string().nullable().describe('the prepaid channel that paid; null: a transfer of its own'),
  input: z.string().describe('digest of the request'),
  output: z.string().nullable().describe('digest of the answer'),
  receipt: z.string().nullable().describe('signed receipt, a compact JWS'),
  signer: z.string().nullable().describe('did:key that signed the receipt'),
  checks: z
    .array(z.object({ check: z.enum(['receipt', 'chain', 'answer']), ok: z.boolean(), detail: z.string() }))
    .describe('what was checked just now'),
});
export type PaymentDocument = z.infer<typeof paymentSchema>;

export const paymentListSchema = z.object({ payments: z.array(paymentSchema) });
export type PaymentList = z.infer<typeof paymentListSchema>;
