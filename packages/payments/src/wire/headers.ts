import { type ChannelConfig, ChorusError, reasonOf, WITHDRAW_DELAY } from '@chorus/protocol';
import { z } from 'zod';

/**
 * x402 version 2 over HTTP: what its three headers hold, as base64 of JSON. Of documents that strangers send, only the
 * fields that are used are read, each within bounds; others may be there.
 */

/** The seller's answer 402: what it accepts. */
export const REQUIRED_HEADER = 'payment-required';
/** The buyer's payment. */
export const PAYMENT_HEADER = 'payment-signature';
/** The seller's answer to a payment. */
export const RESPONSE_HEADER = 'payment-response';

export const SCHEME = 'exact';
/** Prepaid channels. */
export const CHANNEL_SCHEME = 'batch-settlement';
export const X402_VERSION = 2;
/** The idempotency extension of x402. */
export const PAYMENT_IDENTIFIER = 'payment-identifier';
/** The extension of x402 by which receipts are given. */
export const OFFER_RECEIPT = 'offer-receipt';

/** Longest header, in characters: about three times a usual one. Servers bound all headers of a request together. */
const MAX_HEADER = 6_000;
const MAX_ACCEPTED = 16;

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text.toLowerCase() as `0x${string}`);
/** Up to 2^256 - 1 has 78 digits. */
const units = z
  .string()
  .regex(/^(0|[1-9]\d{0,77})$/)
  .transform(BigInt);
const text = (most: number) => z.string().max(most);
const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`))
    .transform((value) => value.toLowerCase() as `0x${string}`);

const requirements = z.looseObject({
  scheme: text(50),
  network: text(100),
  asset: text(100),
  amount: text(100),
  payTo: text(100),
  maxTimeoutSeconds: z.number().positive().max(86_400),
  extra: z.looseObject({ name: text(200).optional(), version: text(50).optional() }).optional(),
});
export type Requirements = z.infer<typeof requirements>;

const exactRequirements = requirements.extend({
  scheme: z.literal(SCHEME),
  asset: address,
  amount: units,
  payTo: address,
});

/** Below 2^128. */
const channelUnits = units.refine((value) => value < 1n << 128n);
const delay = z.number().int().min(WITHDRAW_DELAY.least).max(WITHDRAW_DELAY.most);

const channelRequirements = exactRequirements.extend({
  scheme: z.literal(CHANNEL_SCHEME),
  amount: channelUnits,
  extra: z.looseObject({
    receiverAuthorizer: address,
    withdrawDelay: delay,
    /** Where the seller has the channel, if a voucher does not fit it. */
    channelState: z.looseObject({ channelId: hex(32), chargedCumulativeAmount: channelUnits }).optional(),
    /** The last voucher that it holds: it proves that state. */
    voucherState: z.looseObject({ signedMaxClaimable: channelUnits, signature: hex(65) }).optional(),
  }),
});
export type ChannelRequirements = z.infer<typeof channelRequirements>;

const required = z.looseObject({
  x402Version: z.literal(X402_VERSION),
  error: text(1_000).nullish(),
  resource: z.looseObject({ url: text(2_048), description: text(2_000).nullish() }),
  accepts: z.array(requirements).min(1).max(MAX_ACCEPTED),
  extensions: z.record(text(100), z.unknown()).nullish(),
});
export type PaymentRequired = z.infer<typeof required>;

export const authorization = z.object({
  from: address,
  to: address,
  value: units,
  validAfter: units,
  validBefore: units,
  nonce: hex(32),
});

const channelConfig: z.ZodType<ChannelConfig> = z.object({
  payer: address,
  payerAuthorizer: address,
  receiver: address,
  receiverAuthorizer: address,
  token: address,
  withdrawDelay: delay,
  salt: hex(32),
});

const voucherPayload = z.object({
  type: z.literal('voucher'),
  channelConfig,
  voucher: z.object({ channelId: hex(32), maxClaimableAmount: channelUnits, signature: hex(65) }),
});

/** A client that gives no id sends the extension back as it came. */
const identifier = z.object({
  info: z.object({
    id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,128}$/)
      .optional(),
  }),
});

const common = z.object({
  x402Version: z.literal(X402_VERSION),
  resource: z.looseObject({ url: text(2_048) }).nullish(),
  accepted: requirements,
  extensions: z.looseObject({ [PAYMENT_IDENTIFIER]: identifier.optional() }).nullish(),
});
const payment = common.extend({ payload: z.object({ signature: hex(65), authorization }) });
/** A payment by a transfer of its own. */
export type Payment = z.infer<typeof payment>;
const voucherPayment = common.extend({ payload: voucherPayload });
/** A payment by a voucher of a prepaid channel. */
export type VoucherPayment = z.infer<typeof voucherPayment>;

const settled = z.looseObject({
  success: z.boolean(),
  transaction: text(100).nullish(),
  network: text(100).nullish(),
  payer: text(100).nullish(),
  errorReason: text(300).nullish(),
  extensions: z
    .looseObject({
      [OFFER_RECEIPT]: z
        .looseObject({
          info: z.looseObject({
            receipt: z.looseObject({ format: text(20), signature: text(8_000) }).optional(),
          }),
        })
        .optional(),
    })
    .nullish(),
});
export type Settled = z.infer<typeof settled>;

/** A document as the value of a header. Amounts are text. */
export function encodeHeader(document: object): string {
  const json = JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
  return Buffer.from(json).toString('base64');
}

function decode<T>(header: string, schema: z.ZodType<T>, what: string): T {
  try {
    if (header.length > MAX_HEADER)
      throw new Error(`it has ${header.length} characters, of at most ${MAX_HEADER}`);
    return schema.parse(JSON.parse(Buffer.from(header, 'base64').toString('utf8')));
  } catch (cause) {
    throw new ChorusError('E_PAYMENT_OFFER', `this is not ${what} of x402 version 2`, {
      facts: { cause: reasonOf(cause).slice(0, 300) },
      cause,
    });
  }
}

/** @throws ChorusError `E_PAYMENT_OFFER` */
export const decodeRequired = (header: string): PaymentRequired => decode(header, required, 'a price');
/** @throws ChorusError `E_PAYMENT_OFFER` */
export const decodePayment = (header: string): Payment | VoucherPayment =>
  decode(header, z.union([voucherPayment, payment]), 'a payment');
/** @throws ChorusError `E_PAYMENT_OFFER` */
export const decodeSettled = (header: string): Settled => decode(header, settled, 'the answer to a payment');

/** The entry as one of the scheme `exact` with EIP-3009; null if it is another, or malformed. */
export function exactOf(entry: Requirements): z.infer<typeof exactRequirements> | null {
  const parsed = exactRequirements.safeParse(entry);
  return parsed.success ? parsed.data : null;
}

/** The entry as one of the scheme `batch-settlement`; null if it is another, or malformed. */
export function channelOf(entry: unknown): ChannelRequirements | null {
  const parsed = channelRequirements.safeParse(entry);
  return parsed.success ? parsed.data : null;
}

/** Name of an EVM chain (CAIP-2). */
export const networkOf = (chainId: number): string => `eip155:${chainId}`;
