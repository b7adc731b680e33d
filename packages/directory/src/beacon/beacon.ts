import { ChorusError, isPlainLine } from '@chorus/protocol';
import { z } from 'zod';
import type { AgentRegistry } from '../registry/registry.ts';
import { openMessage, signMessage } from '../signed/envelope.ts';

/** Longest beacon, bytes. */
export const MAX_BEACON_BYTES = 2_048;

/** The longest a beacon may hold, seconds: an agent that is gone is forgotten after this. */
export const MAX_BEACON_SECONDS = 1_800;

const MAX_ADDRESSES = 16;
const MAX_ADDRESS_LENGTH = 200;

/**
 * What a node says of an agent that it serves: that it answers, where, and until when that holds. Everything else is
 * in the agent's card and on chain.
 */
export interface Beacon {
  /** ERC-8004 identity of the agent. */
  agentId: bigint;
  peerId: string;
  /** Of the agent in the node's addresses: `libp2p://<peer>/agents/<name>/`. */
  name: string;
  /** sha2-256 of the bytes of its signed card. */
  cardDigest: Uint8Array;
  /** Unix seconds; of two beacons of an agent the later counts. */
  issuedAt: number;
  /** Unix seconds; equal to `issuedAt` if the agent is no longer served. */
  expiresAt: number;
  /** Multiaddrs of the peer. */
  addresses: string[];
}

const seconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40);
const text = (most: number) =>
  z.string().min(1).max(most).refine(isPlainLine, 'must be one line of printable text');
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

const bodySchema = z
  .strictObject({
    v: z.literal(1),
    /** Identities are numbered from 0 on: none has a number that floats cannot hold. */
    id: z.number().int().nonnegative().transform(BigInt),
    peer: text(64),
    name: z.string().regex(/^[a-z0-9-]{1,40}$/),
    card: bytes.refine((digest) => digest.length === 32, 'must have 32 bytes'),
    at: seconds,
    until: seconds,
    addresses: z.array(text(MAX_ADDRESS_LENGTH).startsWith('/')).max(MAX_ADDRESSES),
  })
  .refine(({ at, until }) => until >= at && until - at <= MAX_BEACON_SECONDS, 'holds too long');

/** What the key signs: no other message counts as a beacon. */
const PURPOSE = 'chorus/agent-beacon/1';

/**
 * A beacon as bytes, signed by the node's key, so that other nodes can pass it on.
 * @param seed the node's Ed25519 seed, 32 bytes
 */
export function signBeacon(registry: AgentRegistry, beacon: Beacon, seed: Uint8Array): Uint8Array {
  const { agentId, peerId, name, cardDigest, issuedAt, expiresAt, addresses } = beacon;
  const body = {
    v: 1,
    id: Number(agentId),
    peer: peerId,
    name,
    card: cardDigest,
    at: issuedAt,
    until: expiresAt,
    addresses: addresses.filter(({ length }) => length <= MAX_ADDRESS_LENGTH).slice(0, MAX_ADDRESSES),
  };
  return signMessage(PURPOSE, registry, body, seed);
}

/**
 * Read a beacon, and check that the key of its peer signed it for this registry. Whether it still holds is for the
 * reader to judge: clocks differ.
 * @throws ChorusError `E_AGENT_BEACON`
 */
export function readBeacon(registry: AgentRegistry, bytes: Uint8Array): Beacon {
  if (bytes.length > MAX_BEACON_BYTES) throw malformed(`it has more than ${MAX_BEACON_BYTES} bytes`);
  let body: z.output<typeof bodySchema>;
  let isSigned: boolean;
  try {
    ({ body, isSigned } = openMessage(PURPOSE, registry, bytes, bodySchema));
  } catch (cause) {
    throw malformed('its form is wrong', cause);
  }
  if (!isSigned) throw malformed('its peer did not sign it for this registry');
  const { id, peer, name, card, at, until, addresses } = body;
  return {
    agentId: id,
    peerId: peer,
    name,
    cardDigest: card,
    issuedAt: at,
    expiresAt: until,
    addresses,
  };
}

function malformed(why: string, cause?: unknown): ChorusError {
  return new ChorusError('E_AGENT_BEACON', `this is not the beacon of an agent: ${why}`, { cause });
}

/** Gossip topic of the beacons of a registry's agents. */
export function beaconTopic({ chainId, address }: AgentRegistry): string {
  return `/chorus/1/${chainId}/${address.toLowerCase()}/agents`;
}
