import { type AgentRegistry, registryName } from '@chorus/directory';
import { ChorusError, cidFromDigest, digestOfCid, type Hex, sha256Hex } from '@chorus/protocol';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { offerIdSchema, promisedSeconds } from '../offers/offer.ts';

/** Longest document of a job, bytes: it travels in one message. What is larger is named by its CID. */
export const MAX_DOCUMENT_BYTES = 48 * 1024;

/** What a job is about, as its document says, whose digest is on chain. */
export interface JobOrder {
  agentId: bigint;
  offer: string;
  /** Promised time from funding to submission, seconds. */
  within: number;
  /** A JSON value. */
  input: unknown;
  /** 32 random bytes: no one can guess an input from its digest. */
  salt: Hex;
}

const schema = z.strictObject({
  format: z.literal('chorus-job'),
  version: z.literal(1),
  offering: z.strictObject({
    agentRegistry: z.string().max(100),
    agentId: z.string().regex(/^\d{1,16}$/),
    offer: offerIdSchema,
    within: promisedSeconds,
  }),
  input: z.unknown(),
  salt: z.string().regex(/^0x[0-9a-f]{64}$/),
});

/**
 * The document of a job: canonical JSON (RFC 8785), so that one order has one digest.
 * @throws ChorusError `E_MARKET_ORDER` if it is too long for a message, or the input is no JSON value
 */
export function encodeJobOrder(
  registry: AgentRegistry,
  { agentId, offer, within, input, salt }: JobOrder,
): Uint8Array {
  const text = canonicalize({
    format: 'chorus-job',
    version: 1,
    offering: { agentRegistry: registryName(registry), agentId: agentId.toString(), offer, within },
    input,
    salt,
  });
  const bytes = new TextEncoder().encode(text ?? '');
  if (input !== undefined && bytes.length <= MAX_DOCUMENT_BYTES) return bytes;
  throw new ChorusError('E_MARKET_ORDER', 'the input is too long for a job', {
    facts: { bytes: bytes.length, most: MAX_DOCUMENT_BYTES },
    hint: 'keep it shorter: what is large is stored first, and named in the input by its CID',
  });
}

/** Read such a document. @throws ChorusError `E_MARKET_ORDER` */
export function readJobOrder(registry: AgentRegistry, bytes: Uint8Array): JobOrder {
  try {
    if (bytes.length > MAX_DOCUMENT_BYTES) throw new Error('too long');
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const { offering, input, salt } = schema.parse(JSON.parse(text));
    if (offering.agentRegistry !== registryName(registry)) throw new Error('of another registry');
    const { agentId, offer, within } = offering;
    return { agentId: BigInt(agentId), offer, within, input, salt: salt as Hex };
  } catch (cause) {
    throw new ChorusError('E_MARKET_ORDER', 'this is not the document of a job of an offer', { cause });
  }
}

/** What the chain says of a job that was made from an offer. */
export interface JobDescription {
  /** sha2-256 of the document. */
  digest: Hex;
  agentId: bigint;
  offer: string;
  within: number;
}

/**
 * The description of such a job on chain: where its document is, by its digest, and of which offer it is. The document
 * itself is sent to the provider alone.
 */
export function descriptionOf(
  document: Uint8Array,
  { agentId, offer, within }: Omit<JobDescription, 'digest'>,
): string {
  return `ipfs://${cidFromDigest(sha256Hex(document), 0)}#agent=${agentId}&offer=${offer}&within=${within}`;
}

const DESCRIPTION =
  /^ipfs:\/\/([a-z0-9]{40,80})#agent=(\d{1,16})&offer=([a-z0-9][a-z0-9-]{0,39})&within=([1-9]\d{0,6})$/;

/** Null for a job that was made otherwise. */
export function readDescription(text: string): JobDescription | null {
  const [, cid, agentId, offer, within] = DESCRIPTION.exec(text) ?? [];
  if (cid === undefined) return null;
  try {
    return { digest: digestOfCid(cid), agentId: BigInt(agentId!), offer: offer!, within: Number(within) };
  } catch {
    return null;
  }
}
