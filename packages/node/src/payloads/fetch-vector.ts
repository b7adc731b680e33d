import type { Committer } from '@chorus/commitment';
import {
  type Address,
  ChorusError,
  cidFromDigest,
  decodePayload,
  type Member,
  type PayloadHeader,
  type StoragePort,
  sameAddress,
  sameG1,
  type UpdateVector,
  type VectorCommitment,
} from '@chorus/protocol';
import { fetchTimeout, peerOf, type RoundContext } from '../context/round-context.ts';
import { notSealedToThis, type PayloadForm } from './sealing/payload-form.ts';
import type { VectorCache } from './vector-cache.ts';

/** Where vectors come from, and what checks them. */
export interface VectorSource {
  readonly taskId: bigint;
  ports: { storage: StoragePort };
  committer: Pick<Committer, 'commit'>;
  /** Those of the current round, so that each is fetched once. */
  payloads: VectorCache;
  /** How payloads are stored and sent. */
  form: PayloadForm;
  readonly signal: AbortSignal;
}

export interface FetchVectorOptions {
  kind: PayloadHeader['kind'];
  author: Address;
  /** What the chain has of it. */
  committed: VectorCommitment;
  /**
   * Whether to check that the vector opens its commitment (one multi-scalar multiplication). Those who only
   * recompute the model leave it: they check the aggregate, which the chain has bound to the commitments.
   */
  check: boolean;
  /** Ask every member for it: its author may be gone. */
  anyone?: boolean;
  /** Milliseconds; by default what the task's settlement window allows. */
  timeoutMs?: number;
}

/**
 * All of a commitment in one line, to keep by it what is known of its vector: a reorganised chain may have another in
 * the same place.
 */
export function textOf({ commitment, digest }: VectorCommitment): string {
  return `${commitment.x},${commitment.y},${digest}`;
}

function othersThan(members: Member[], author: Address): string[] {
  return members.filter((m) => !sameAddress(m.address, author)).map((m) => m.peerId);
}

/**
 * Fetch a committed vector from the swarm and check it: digest, size, header, entries, and where asked for
 * that it opens the commitment on chain.
 *
 * @throws ChorusError `E_STORAGE_*` where nobody gives it, `E_PAYLOAD_MALFORMED` (also where it is sealed to others than it
 *   is to be), `E_PAYLOAD_MISMATCH`; `E_PAYLOAD_NOT_FOR_THIS_NODE` where this node is not to read any
 */
export function fetchVector(
  source: VectorSource,
  context: RoundContext,
  { kind, author, committed, check, anyone, timeoutMs }: FetchVectorOptions,
): Promise<UpdateVector> {
  const { taskId, ports, committer, payloads, form, signal } = source;
  const { dimension } = context.task;
  const round = context.round.round;
  const load = async () => {
    if (!form.reads(context)) throw notSealedToThis(taskId);
    const size = form.bytes(context.task);
    const { digest } = committed;
    const bytes = await ports.storage.get(cidFromDigest(digest, size), {
      maxBytes: size,
      timeoutMs: timeoutMs ?? fetchTimeout(context.task),
      from: [...peerOf(context.members, author), ...(anyone ? othersThan(context.members, author) : [])],
      signal,
    });
    return decodePayload(await form.unwrap(bytes, { ...context, taskId, digest, signal }), {
      kind,
      taskId,
      round,
      author,
      dimension,
    }).vector;
  };
  const opens = async (vector: UpdateVector) => {
    if (sameG1(await committer.commit(vector), committed.commitment)) return;
    throw new ChorusError('E_PAYLOAD_MISMATCH', 'the payload does not open its commitment on chain', {
      facts: { taskId, round, author },
      hint: 'the update is left out of the round',
    });
  };
  const what = `${kind}/${author.toLowerCase()}/${textOf(committed)}`;
  return payloads.get(round, what, load, check ? opens : null);
}
