import { type AgentRegistry, signMessage } from '@chorus/directory';
import type { Address } from '@chorus/protocol';
import { z } from 'zod';
import { offerIdSchema, promisedSeconds, tokenSchema, unitsSchema } from '../offers/offer.ts';
import { bytesOf, openBody, peerSchema } from './ask.ts';

/** Longest answer, bytes: it names an offer, which the card describes. */
export const MAX_ANSWER_BYTES = 1_024;

/** The longest that a price in an answer may hold, seconds. */
export const MAX_ANSWER_SECONDS = 900;

const PURPOSE = 'chorus/market-answer/1';

/** What a node answers to an ask: one offer of one of its agents, whose price it cannot raise while the answer holds. */
export interface Answer {
  /** Who serves the agent, and signs this. */
  peer: string;
  /** sha2-256 of the ask. */
  ask: Uint8Array;
  agentId: bigint;
  /** Of the agent in the node's addresses. */
  name: string;
  offer: string;
  kind: 'job' | 'call';
  token: Address;
  /** In the token's smallest unit; 0 for a call that costs nothing. */
  units: bigint;
  /** Promised time, seconds. */
  seconds: number;
  /** Unix seconds. */
  issuedAt: number;
  expiresAt: number;
}

const time = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40);

const bodySchema = z
  .strictObject({
    v: z.literal(1),
    peer: peerSchema,
    ask: bytesOf(32),
    id: z.number().int().nonnegative().transform(BigInt),
    name: z.string().regex(/^[a-z0-9-]{1,40}$/),
    offer: offerIdSchema,
    kind: z.enum(['job', 'call']),
    token: tokenSchema,
    units: unitsSchema,
    seconds: promisedSeconds,
    at: time,
    until: time,
  })
  .refine(({ at, until }) => until > at && until - at <= MAX_ANSWER_SECONDS)
  .refine(({ kind, units }) => kind === 'call' || units > 0n);

/** @param seed the node's Ed25519 seed, 32 bytes */
export function signAnswer(registry: AgentRegistry, answer: Answer, seed: Uint8Array): Uint8Array {
  const { agentId, units, issuedAt, expiresAt, ...rest } = answer;
  const body = {
    v: 1,
    ...rest,
    id: Number(agentId),
    units: units.toString(),
    at: issuedAt,
    until: expiresAt,
  };
  return signMessage(PURPOSE, registry, body, seed);
}

/**
 * Read an answer, and check that the key of its peer signed it for this registry. That the peer serves the agent is for
 * the chain to say.
 * @throws ChorusError `E_MARKET_MESSAGE`
 */
export function readAnswer(registry: AgentRegistry, bytes: Uint8Array): Answer {
  const { v: _, id, at, until, ...body } = openBody(PURPOSE, registry, bytes, bodySchema, MAX_ANSWER_BYTES);
  return { ...body, agentId: id, issuedAt: at, expiresAt: until };
}
