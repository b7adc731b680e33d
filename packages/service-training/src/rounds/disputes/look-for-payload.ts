import {
  blamesAuthorForGood,
  ChorusError,
  cidFromDigest,
  type DisputeChain,
  lookAgainTimeout,
  type RoundContext,
  type StoragePort,
  type VectorCommitment,
} from '@chorus/protocol';
import { fetchVector, textOf, type VectorSource } from '../../payloads/fetch-vector.ts';

/** Sources of payloads: the swarm and the chain. */
export interface PayloadSource extends VectorSource {
  ports: { chain: Pick<DisputeChain, 'publishedPayload'>; storage: StoragePort };
}

/** Searches in progress and those that need not be repeated, by commitment: at most one of each for each dispute. */
const LOOKS = new WeakMap<PayloadSource, Map<string, Promise<string | null>>>();

/**
 * Look for the payload of a trainer that was found unavailable, in the swarm and in the calldata in which it
 * published the payload. One search at a time for each dispute, and none once the answer cannot change, whatever the
 * number of requests.
 *
 * @returns null if it is available and opens its commitment; else the fault
 */
export function lookForPayload(
  source: PayloadSource,
  context: RoundContext,
  trainer: number,
): Promise<string | null> {
  const looks = LOOKS.get(source) ?? new Map<string, Promise<string | null>>();
  LOOKS.set(source, looks);
  const { round } = context.round;
  const committed = context.round.updates[trainer];
  if (!committed) return Promise.resolve('nothing was committed');
  const key = `${round}/${trainer}/${textOf(committed)}`;
  const under = looks.get(key);
  if (under) return under;
  const look = fetchAccused(source, context, trainer, committed).then(
    () => null,
    (error: unknown) => {
      if (!blamesAuthorForGood(error)) looks.delete(key);
      return error instanceof ChorusError ? error.message : 'it is not available here';
    },
  );
  looks.set(key, look);
  return look;
}

async function fetchAccused(
  source: PayloadSource,
  context: RoundContext,
  trainer: number,
  committed: VectorCommitment,
): Promise<void> {
  const { taskId, ports } = source;
  const author = context.task.trainers[trainer]!;
  const published = await ports.chain.publishedPayload(taskId, context.round.round, author);
  const size = source.form.bytes(context.task);
  if (published?.length === size) {
    // Stored so that the same checks see it; other content would be useless.
    const cid = await ports.storage.cidOf(published);
    if (cid === cidFromDigest(committed.digest, size)) await ports.storage.put(published);
  }
  const timeoutMs = lookAgainTimeout(context.task);
  await fetchVector(source, context, { kind: 'update', author, committed, check: true, timeoutMs });
}
