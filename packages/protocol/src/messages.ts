import { encode } from 'cborg';
import { z } from 'zod';
import { decodeStrict } from './cbor.ts';
import { ChorusError } from './errors.ts';
import { ADDRESS_PATTERN } from './hex.ts';
import { MAX_GOSSIP_BYTES, MAX_MESSAGE_BYTES } from './limits.ts';
import { PRESENCE_STAGES } from './round.ts';
import { pointFromBytes, pointToBytes } from './settlement.ts';
import { encodeGram, MAX_SUMMARY_BYTES, type RoundSummary, summaryResponseSchema } from './summary.ts';

const address = z.string().regex(ADDRESS_PATTERN);
const peerId = z.string().min(8).max(128);
const taskId = z
  .bigint()
  .nonnegative()
  .lt(1n << 64n);

/** Announces an open task: what a node needs to look it up on chain and to fetch and check its terms. */
export const announcementSchema = z.strictObject({
  type: z.literal('announcement'),
  chainId: z.number().int().positive(),
  contract: address,
  taskId,
  /** Canonical terms; their sha2-256 must be the digest on chain. */
  terms: z.custom<Uint8Array>((b) => b instanceof Uint8Array && b.length <= MAX_GOSSIP_BYTES / 2),
  /** The peers that serve the model. */
  peerId,
  multiaddrs: z.array(z.string().max(256)).max(16),
});

/**
 * Tells that a member is alive and at which stage; members of a task also learn each other's addresses from
 * it.
 */
export const presenceSchema = z.strictObject({
  type: z.literal('presence'),
  taskId,
  round: z.number().int().nonnegative(),
  stage: z.enum(PRESENCE_STAGES),
  peerId,
  multiaddrs: z.array(z.string().max(256)).max(16),
});

const gossipSchema = z.discriminatedUnion('type', [announcementSchema, presenceSchema]);

export type Announcement = z.infer<typeof announcementSchema>;
export type Presence = z.infer<typeof presenceSchema>;
export type GossipMessage = z.infer<typeof gossipSchema>;

const bytesOf = (length: number) =>
  z.custom<Uint8Array>((b) => b instanceof Uint8Array && b.length === length);
const indices = z.array(z.number().int().min(0).max(63)).max(64);
/** A point in a message: 64 bytes, x then y. The code that uses it must check that it is on the curve. */
const point = z
  .custom<Uint8Array>((b) => b instanceof Uint8Array && b.length === 64)
  .transform(pointFromBytes);
const signature = z.string().regex(/^0x[0-9a-f]{130}$/);
/** A loss in millionths, below 2^63. CBOR writes small ones as plain integers. */
const loss = z.preprocess(
  (value) => (Number.isSafeInteger(value) ? BigInt(value as number) : value),
  z
    .bigint()
    .nonnegative()
    .lt(1n << 63n),
);

/**
 * An aggregator asks a validator for its verdict: that exactly these trainers' payloads (indices from 0) are
 * unavailable, that exactly these validators' references (by appointment) must be rejected, that all others
 * are available and open their commitments, and that this is the commitment to the novelty of the references
 * that count.
 */
export const voteRequestSchema = z.strictObject({
  taskId,
  round: z.number().int().positive(),
  unavailable: indices,
  rejected: indices,
  /** (0, 0) for rules without novelty. */
  novelty: point,
});
/** The validator's answer: its signature and the losses it signed, or why it does not agree. */
export const voteResponseSchema = z.union([
  z.strictObject({ validator: address, lossBefore: loss, lossAfter: loss, signature }),
  z.strictObject({ refused: z.string().max(200) }),
]);
/** A trainer that was found unavailable asks a validator to check its payload again. */
export const availableRequestSchema = z.strictObject({
  taskId,
  round: z.number().int().positive(),
  trainer: z.number().int().min(0).max(63),
});
export const availableResponseSchema = z.union([
  z.strictObject({ validator: address, signature }),
  z.strictObject({ refused: z.string().max(200) }),
]);
/** Any peer asks a node for what it has of a settled round. */
export const summaryRequestSchema = z.strictObject({ taskId, round: z.number().int().positive() });
/**
 * A member that must check a task's payloads asks another for the key of a sealed one, named by its digest on
 * chain.
 */
export const fileKeyRequestSchema = z.strictObject({ taskId, digest: bytesOf(32) });
export const fileKeyResponseSchema = z.union([
  z.strictObject({ key: bytesOf(16) }),
  z.strictObject({ refused: z.string().max(200) }),
]);
export type FileKeyRequest = z.infer<typeof fileKeyRequestSchema>;
export type FileKeyResponse = z.infer<typeof fileKeyResponseSchema>;
export type SummaryRequest = z.infer<typeof summaryRequestSchema>;
export type SummaryResponse = RoundSummary | { refused: string };
export type AvailableRequest = z.infer<typeof availableRequestSchema>;
export type AvailableResponse = z.infer<typeof availableResponseSchema>;
export type VoteRequest = z.infer<typeof voteRequestSchema>;
export type VoteResponse = z.infer<typeof voteResponseSchema>;

/** Gossip topics, one network per chain id and contract so that messages never cross. */
export function topicOf(kind: 'tasks' | 'presence', chainId: number, contract: string): string {
  return `/chorus/1/${chainId}/${contract.toLowerCase()}/${kind}`;
}

/** libp2p protocol id of validators' verdicts on a round. */
export const VOTE_PROTOCOL = '/chorus/verdict/2.0.0';

/** libp2p protocol id of votes that a payload is available after all. */
export const AVAILABLE_PROTOCOL = '/chorus/available/1.0.0';

/** libp2p protocol id of keys of sealed payloads. */
export const FILE_KEY_PROTOCOL = '/chorus/file-key/1.0.0';

/** Any message that nodes send each other. */
export type Message =
  | GossipMessage
  | VoteRequest
  | VoteResponse
  | AvailableRequest
  | AvailableResponse
  | SummaryRequest
  | SummaryResponse
  | FileKeyRequest
  | FileKeyResponse;

/** Encode a message as canonical CBOR (RFC 8949, section 4.2). */
export function encodeMessage(message: Message): Uint8Array {
  if ('novelty' in message) return encode({ ...message, novelty: pointToBytes(message.novelty) });
  if ('gram' in message) return encode({ ...message, gram: message.gram && encodeGram(message.gram) });
  return encode(message);
}

function decodeWith<T>(schema: z.ZodType<T>, bytes: Uint8Array, limit: number): T {
  if (bytes.length > limit) {
    throw new ChorusError('E_MESSAGE_MALFORMED', 'the message is too long', {
      facts: { bytes: bytes.length, limit },
    });
  }
  let value: unknown;
  try {
    value = decodeStrict(bytes);
  } catch (cause) {
    throw new ChorusError('E_MESSAGE_MALFORMED', 'the message is not CBOR', { cause });
  }
  const parsed = schema.safeParse(restoreTaskId(value));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ChorusError('E_MESSAGE_MALFORMED', issue?.message ?? 'the message has the wrong shape', {
      facts: { field: issue?.path.join('.') ?? '' },
      cause: parsed.error,
    });
  }
  return parsed.data;
}

/** CBOR writes a small bigint as a plain integer; a task id is always a bigint here. */
function restoreTaskId(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('taskId' in value)) return value;
  return Number.isSafeInteger(value.taskId) ? { ...value, taskId: BigInt(value.taskId as number) } : value;
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeGossip(bytes: Uint8Array): GossipMessage {
  return decodeWith<GossipMessage>(gossipSchema, bytes, MAX_GOSSIP_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeVoteRequest(bytes: Uint8Array): VoteRequest {
  return decodeWith<VoteRequest>(voteRequestSchema, bytes, MAX_MESSAGE_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeVoteResponse(bytes: Uint8Array): VoteResponse {
  return decodeWith<VoteResponse>(voteResponseSchema, bytes, MAX_MESSAGE_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeAvailableRequest(bytes: Uint8Array): AvailableRequest {
  return decodeWith<AvailableRequest>(availableRequestSchema, bytes, MAX_MESSAGE_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeAvailableResponse(bytes: Uint8Array): AvailableResponse {
  return decodeWith<AvailableResponse>(availableResponseSchema, bytes, MAX_MESSAGE_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeSummaryRequest(bytes: Uint8Array): SummaryRequest {
  return decodeWith<SummaryRequest>(summaryRequestSchema, bytes, MAX_MESSAGE_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeSummaryResponse(bytes: Uint8Array): SummaryResponse {
  return decodeWith<SummaryResponse>(summaryResponseSchema, bytes, MAX_SUMMARY_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeFileKeyRequest(bytes: Uint8Array): FileKeyRequest {
  return decodeWith<FileKeyRequest>(fileKeyRequestSchema, bytes, MAX_MESSAGE_BYTES);
}

/** @throws ChorusError `E_MESSAGE_MALFORMED` */
export function decodeFileKeyResponse(bytes: Uint8Array): FileKeyResponse {
  return decodeWith<FileKeyResponse>(fileKeyResponseSchema, bytes, MAX_MESSAGE_BYTES);
}
