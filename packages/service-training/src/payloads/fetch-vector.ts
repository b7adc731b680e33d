import type { Committer } from '@chorus/commitment';
import {
  type Address,
  ChorusError,
  cidFromDigest,
  decodePayload,
  fetchTimeout,
  type Member,
  type PayloadHeader,
  peerOf,
  type RoundContext,
  type StoragePort,
  sameAddress,
  sameG1,
  type UpdateVector,
  type VectorCommitment,
} from '@chorus/protocol';
import { notSealedToThis, type PayloadForm } from './sealing/payload-form.ts';
import type { VectorCache } from './vector-cache.ts';

/** The source of vectors, and what checks them. */
export interface VectorSource {
  readonly taskId: bigint;
  ports: { storage: StoragePort };
  committer: Pick<Committer, 'commit'>;
  /** Cache of the current round's vectors, so that each is fetched once. */
  payloads: VectorCache;
  /** How payloads are stored and sent. */
  form: PayloadForm;
  readonly signal: AbortSignal;
}

export interface FetchVectorOptions {
  kind: PayloadHeader['kind'];
  author: Address;
  /** The vector's commitment on chain. */
  committed: VectorCommitment;
  /**
   * Whether to check that the vector opens its commitment (one multi-scalar multiplication). Nodes that only
   * recompute the model skip it: they check the aggregate, which the chain has bound to the commitments.
   */
  check: boolean;
  /** Ask every member for it: its author may be offline. */
  anyone?: boolean;
  /** Time limit, ms; by default what the task's settlement window allows. */
  timeoutMs?: number;
}

/**
 * A key that contains a whole commitment, for facts about its vector: a reorganised chain may have another
 * commitment in the same place.
 */
export function textOf({ commitment, digest }: VectorCommitment): string {
  return `${commitment.x},${commitment.y},${digest}`;
}

function othersThan(members: Member[], author: Address): string[] {
  return members.filter((m) => !sameAddress(m.address, author)).map((m) => m.peerId);
}

/**
 * Fetch a committed vector from the swarm and check it: digest, size, header, entries, and on request that it opens
 * the commitment on chain.
 *
 * @throws ChorusError `E_STORAGE_*` if no peer sends it, `E_PAYLOAD_MALFORMED` (also if it is sealed to the wrong
 * members), `E_PAYLOAD_MISMATCH`; `E_PAYLOAD_NOT_FOR_THIS_NODE` if this node may not read payloads
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
      hint: 'the update is excluded from the round',
    });
  };
  const what = `${kind}/${author.toLowerCase()}/${textOf(committed)}`;
  return payloads.get(round, what, load, check ? opens : null);
}
