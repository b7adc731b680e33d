import {
  type ChainPort,
  ChorusError,
  cidFromDigest,
  hasCode,
  payloadBytes,
  type StoragePort,
} from '@chorus/protocol';
import { fetchVector, type VectorSource } from './payloads.ts';
import { type KnownTask, lookAgainTimeout } from './session.ts';

/** What stays wrong: the bytes follow from the digest on chain. */
const FOR_GOOD = ['E_PAYLOAD_MALFORMED', 'E_PAYLOAD_MISMATCH'];

/** Where payloads are looked for: the swarm and the chain. */
export interface PayloadSource extends VectorSource {
  ports: { chain: Pick<ChainPort, 'round' | 'publishedPayload'>; storage: StoragePort };
}

/** Looks under way and those that need not be repeated, by round and trainer: at most one of each for each case. */
const LOOKS = new WeakMap<PayloadSource, Map<string, Promise<string | null>>>();

/**
 * Look for the payload of a trainer that was found unavailable, in the swarm and in the calldata it published it in.
 * One look at a time for each case, and none after the answer cannot change any more, whoever asks and how often.
 *
 * @returns null where it can be had and opens its commitment; else what is wrong
 */
export function lookForPayload(
  source: PayloadSource,
  known: KnownTask,
  round: number,
  trainer: number,
): Promise<string | null> {
  const looks = LOOKS.get(source) ?? new Map<string, Promise<string | null>>();
  LOOKS.set(source, looks);
  const key = `${round}/${trainer}`;
  const under = looks.get(key);
  if (under) return under;
  const look = fetchAccused(source, known, round, trainer).then(
    () => null,
    (error: unknown) => {
      if (!FOR_GOOD.some((code) => hasCode(error, code))) looks.delete(key);
      return error instanceof ChorusError ? error.message : 'it cannot be had here';
    },
  );
  looks.set(key, look);
  return look;
}

async function fetchAccused(
  source: PayloadSource,
  known: KnownTask,
  number: number,
  trainer: number,
): Promise<void> {
  const { taskId, ports } = source;
  const author = known.task.trainers[trainer]!;
  const round = await ports.chain.round(taskId, number);
  const committed = round.updates[trainer];
  if (!committed) throw new ChorusError('E_PAYLOAD_MISMATCH', 'nothing was committed');
  const published = await ports.chain.publishedPayload(taskId, number, author);
  const size = payloadBytes(known.task.dimension);
  if (published?.length === size) {
    // Stored so that the same checks see it; anything else is of no use to anybody.
    const cid = await ports.storage.cidOf(published);
    if (cid === cidFromDigest(committed.digest, size)) await ports.storage.put(published);
  }
  const timeoutMs = lookAgainTimeout(known.task);
  const context = { ...known, round };
  await fetchVector(source, context, { kind: 'update', author, committed, check: true, timeoutMs });
}
