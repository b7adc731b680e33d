import { createHash } from 'node:crypto';
import { type AgentRegistry, openMessage, signMessage } from '@chorus/directory';
import { type Address, ChorusError, isPlainLine } from '@chorus/protocol';
import { z } from 'zod';
import { promisedSeconds, tokenSchema, unitsSchema } from '../offers/offer.ts';

/** Longest ask, bytes. */
export const MAX_ASK_BYTES = 2_048;

/** The longest an ask may hold, seconds: it is a question of now. */
export const MAX_ASK_SECONDS = 300;

/** Longest text of an ask, characters. Every node of the network may read it. */
export const MAX_ASK_TEXT = 500;

const MAX_ADDRESSES = 8;
const MAX_ADDRESS_LENGTH = 200;

/** What the key signs: no other message counts as an ask. */
const PURPOSE = 'chorus/market-ask/1';

/** What a client needs, as the network reads it. Nothing of the input is in it. */
export interface Ask {
  /** Who asks, and gets the answers. */
  peer: string;
  /** 16 random bytes: equal words are asked again by another ask. */
  nonce: Uint8Array;
  text: string;
  /** Id or tag of a skill; null: any. */
  skill: string | null;
  /** Null: a job or a call. */
  kind: 'job' | 'call' | null;
  token: Address;
  /** The most that it may cost, in the token's smallest unit. */
  budget: bigint;
  /** Within which it has to be done, seconds. */
  seconds: number;
  /** Unix seconds. */
  issuedAt: number;
  expiresAt: number;
  /** Multiaddrs of who asks. */
  addresses: string[];
}

const time = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40);
const text = (most: number) => z.string().min(1).max(most).refine(isPlainLine);
export const peerSchema = text(64);
export const bytesOf = (length: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length);

const bodySchema = z
  .strictObject({
    v: z.literal(1),
    peer: peerSchema,
    nonce: bytesOf(16),
    text: text(MAX_ASK_TEXT),
    skill: text(64).nullable(),
    kind: z.enum(['job', 'call']).nullable(),
    token: tokenSchema,
    budget: unitsSchema,
    seconds: promisedSeconds,
    at: time,
    until: time,
    addresses: z.array(text(MAX_ADDRESS_LENGTH).startsWith('/')).max(MAX_ADDRESSES),
  })
  .refine(({ at, until }) => until > at && until - at <= MAX_ASK_SECONDS);

/**
 * An ask as bytes, signed by the node's key.
 * @param seed the node's Ed25519 seed, 32 bytes
 */
export function signAsk(registry: AgentRegistry, ask: Ask, seed: Uint8Array): Uint8Array {
  const { issuedAt, expiresAt, budget, addresses, ...rest } = ask;
  const fitting = addresses.filter(({ length }) => length <= MAX_ADDRESS_LENGTH).slice(0, MAX_ADDRESSES);
  const body = {
    v: 1,
    ...rest,
    budget: budget.toString(),
    at: issuedAt,
    until: expiresAt,
    addresses: fitting,
  };
  return signMessage(PURPOSE, registry, body, seed);
}

/**
 * Read an ask, and check that the key of its peer signed it for this registry. Whether it still holds is for the reader to
 * judge: clocks differ.
 * @throws ChorusError `E_MARKET_MESSAGE`
 */
export function readAsk(registry: AgentRegistry, bytes: Uint8Array): Ask {
  const { v: _, budget, at, until, ...body } = openBody(PURPOSE, registry, bytes, bodySchema, MAX_ASK_BYTES);
  return { ...body, budget, issuedAt: at, expiresAt: until };
}

/** Names an ask: sha2-256 of its bytes. */
export const digestOfAsk = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest());

/** Gossip topic of asks among a registry's agents. */
export function askTopic({ chainId, address }: AgentRegistry): string {
  return `/chorus/1/${chainId}/${address.toLowerCase()}/asks`;
}

/** Read a signed message of the market. @throws ChorusError `E_MARKET_MESSAGE` */
export function openBody<T extends { peer: string }>(
  purpose: string,
  registry: AgentRegistry,
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  maxBytes: number,
): T {
  if (bytes.length > maxBytes) throw malformed(`it has more than ${maxBytes} bytes`);
  let opened: { body: T; isSigned: boolean };
  try {
    opened = openMessage(purpose, registry, bytes, schema);
  } catch (cause) {
    throw malformed('its form is wrong', cause);
  }
  if (!opened.isSigned) throw malformed('its peer did not sign it for this registry');
  return opened.body;
}

export function malformed(why: string, cause?: unknown): ChorusError {
  return new ChorusError('E_MARKET_MESSAGE', `this is no message of the market: ${why}`, { cause });
}
