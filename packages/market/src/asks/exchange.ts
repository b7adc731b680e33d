import { decodeStrict } from '@chorus/protocol';
import { encode } from 'cborg';
import { z } from 'zod';
import { MAX_DOCUMENT_BYTES } from '../orders/document.ts';
import { MAX_ANSWER_BYTES } from './answer.ts';
import { bytesOf, MAX_ASK_BYTES, malformed } from './ask.ts';

/** libp2p protocol of answers, from who offers to who asked. */
export const ANSWERS_PROTOCOL = '/chorus/market-answers/1.0.0';
/** libp2p protocol of orders, from who asked to who offers. */
export const ORDERS_PROTOCOL = '/chorus/market-orders/1.0.0';

/** Answers of one peer to one ask. */
export const MAX_ANSWERS_PER_PEER = 4;

/** Longest reason, letters. */
const MAX_WHY = 300;

const upTo = (most: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= most);

const answers = z.strictObject({ answers: z.array(upTo(MAX_ANSWER_BYTES)).max(MAX_ANSWERS_PER_PEER) });

/** Signed answers to one ask. */
export const encodeAnswers = (list: readonly Uint8Array[]): Uint8Array => encode({ answers: list });

/** @throws ChorusError `E_MARKET_MESSAGE` */
export const decodeAnswers = (bytes: Uint8Array): Uint8Array[] => read(answers, bytes).answers;

/** What who asked wants of who offers. */
const order = z.discriminatedUnion('type', [
  /** An ask for this peer alone; it is answered at once. */
  z.strictObject({ type: z.literal('ask'), ask: upTo(MAX_ASK_BYTES) }),
  /** Keep a place for a job: its document, of this digest, follows once its price is in escrow. */
  z.strictObject({ type: z.literal('reserve'), answer: upTo(MAX_ANSWER_BYTES), document: bytesOf(32) }),
  /** The document of a job whose price is in escrow. */
  z.strictObject({
    type: z.literal('deliver'),
    job: z.number().int().positive().transform(BigInt),
    document: upTo(MAX_DOCUMENT_BYTES),
  }),
]);
export type OrderMessage = z.output<typeof order>;

export function encodeOrder(message: OrderMessage): Uint8Array {
  return encode(message.type === 'deliver' ? { ...message, job: Number(message.job) } : message);
}

/** @throws ChorusError `E_MARKET_MESSAGE` */
export const decodeOrder = (bytes: Uint8Array): OrderMessage => read(order, bytes);

const reply = z.strictObject({
  /** Whether it was taken. */
  ok: z.boolean(),
  /** Why not; empty if it was. */
  why: z.string().max(MAX_WHY),
});
export type OrderReply = z.output<typeof reply>;

export const encodeReply = ({ ok, why }: OrderReply): Uint8Array =>
  encode({ ok, why: why.slice(0, MAX_WHY) });

/** @throws ChorusError `E_MARKET_MESSAGE` */
export const decodeReply = (bytes: Uint8Array): OrderReply => read(reply, bytes);

function read<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(decodeStrict(bytes));
  } catch (cause) {
    throw malformed('its form is wrong', cause);
  }
}
