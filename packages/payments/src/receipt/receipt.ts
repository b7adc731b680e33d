import { type KeyObject, sign, verify } from 'node:crypto';
import { ChorusError, reasonOf } from '@chorus/protocol';
import { z } from 'zod';

/** Version of the payload, as the extension `offer-receipt` of x402 counts it. */
const VERSION = 1;
const MAX_JWS = 8_000;

const text = (most: number) => z.string().min(1).max(most);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** Which model answered, and the digest of all that decides its answer (`Transcript` of `@chorus/protocol`). */
const serving = z.strictObject({
  transcript: digest,
  base: digest,
  adapter: digest.nullable(),
  weights: text(20),
});

const common = {
  version: z.literal(VERSION),
  issuedAt: z.int().nonnegative(),
  agent: text(200),
  agentId: text(80).optional(),
};

const payload = z.looseObject({
  ...common,
  network: text(100),
  resourceUrl: text(2_048),
  payer: text(100),
  /** Empty for a call that was paid by a voucher. */
  transaction: z.string().max(100),
  /** The channel, and the sum that the voucher states. */
  channel: text(100).optional(),
  ceiling: z
    .string()
    .regex(/^\d{1,39}$/)
    .optional(),
  payee: text(100),
  asset: text(100),
  amount: z.string().regex(/^\d{1,78}$/),
  nonce: text(100),
  input: digest,
  output: digest.optional(),
  serving: serving.optional(),
});

const answerPayload = z.looseObject({ ...common, serving });

/** What a receipt says of the model that answered. */
export type ServingFacts = z.infer<typeof serving>;

/** A receipt of an answer of a language model: of one that was paid for, the payment's receipt with `serving`. */
export type AnswerPayload = z.infer<typeof answerPayload>;

/**
 * What a seller signs: who paid whom for what, in which transaction. The first fields are those of x402's extension
 * `offer-receipt` (section 5.2); the others make the sum checkable. Amounts are in the token's smallest unit.
 *
 * `input` and `output` are digests of the bodies of the request and of its answer; an answer that is still being
 * written has no `output` yet.
 */
export type ReceiptPayload = z.infer<typeof payload>;

/** A node's key as a signer of receipts. */
export interface ReceiptSigner {
  /** `did:key:z6Mk...` */
  did: string;
  /** Ed25519. */
  privateKey: KeyObject;
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A receipt as a compact JWS (RFC 7515), signed with EdDSA (RFC 8037) by the key that `kid` names. */
export function signReceipt(
  receipt: ReceiptPayload | AnswerPayload,
  { did, privateKey }: ReceiptSigner,
): string {
  const kid = `${did}#${did.slice('did:key:'.length)}`;
  const signed = `${encode({ alg: 'EdDSA', kid, typ: 'JWS' })}.${encode(receipt)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

const header = z.looseObject({ alg: z.literal('EdDSA'), kid: z.string().max(200) });

/**
 * A receipt whose signature holds, and whose key signed it.
 * @param keyOf the public key of a did:key; throws if it is not one
 * @throws ChorusError `E_PAYMENT_RECEIPT`
 */
export const readReceipt = (
  jws: string,
  keyOf: (did: string) => KeyObject,
): { receipt: ReceiptPayload; did: string } => read(payload, jws, keyOf);

/**
 * The receipt of an answer of a language model, whose signature holds; what it says of a payment is not checked.
 * @param keyOf as of {@link readReceipt}
 * @throws ChorusError `E_PAYMENT_RECEIPT`
 */
export const readAnswerReceipt = (
  jws: string,
  keyOf: (did: string) => KeyObject,
): { receipt: AnswerPayload; did: string } => read(answerPayload, jws, keyOf);

function read<T>(
  schema: z.ZodType<T>,
  jws: string,
  keyOf: (did: string) => KeyObject,
): { receipt: T; did: string } {
  const refuse = (message: string, cause?: unknown) =>
    new ChorusError('E_PAYMENT_RECEIPT', message, {
      ...(cause === undefined ? {} : { facts: { cause: reasonOf(cause).slice(0, 300) }, cause }),
      hint: 'do not count on it: ask the agent for its receipt again',
    });
  const parts = jws.split('.');
  if (jws.length > MAX_JWS || parts.length !== 3) throw refuse('this is not a receipt');
  const [head, body, signature] = parts as [string, string, string];
  let receipt: T;
  let did: string;
  let key: KeyObject;
  try {
    const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    did = header.parse(decoded(head)).kid.split('#')[0]!;
    key = keyOf(did);
    receipt = schema.parse(decoded(body));
  } catch (cause) {
    throw refuse('this is not a receipt', cause);
  }
  if (!verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))) {
    throw refuse('the receipt was altered, or signed with another key');
  }
  return { receipt, did };
}
