import {
  type AvailableRequest,
  type AvailableResponse,
  ChorusError,
  cidFromDigest,
  hasCode,
  payloadBytes,
  type VectorCommitment,
} from '@chorus/protocol';
import { fetchVector, textOf } from './payloads.ts';
import { lookAgainTimeout, peerOf, type RoundContext, type TaskSession } from './session.ts';

/** What stays wrong: the bytes follow from the digest on chain. */
const FOR_GOOD = ['E_PAYLOAD_MALFORMED', 'E_PAYLOAD_MISMATCH'];

type Known = Pick<RoundContext, 'task' | 'members'>;

/** Looks under way and those that need not be repeated, by what was committed to: at most one of each for each case. */
const LOOKS = new WeakMap<TaskSession, Map<string, Promise<string | null>>>();

/**
 * Look for the payload of a trainer that was found unavailable, in the swarm and in the calldata it published it in.
 * One look at a time for each case, and none after the answer cannot change any more, whoever asks and how often.
 *
 * @returns null where it can be had and opens its commitment; else what is wrong
 */
export function lookForPayload(
  session: TaskSession,
  context: RoundContext,
  trainer: number,
): Promise<string | null> {
  const looks = LOOKS.get(session) ?? new Map<string, Promise<string | null>>();
  LOOKS.set(session, looks);
  const { round } = context.round;
  const committed = context.round.updates[trainer];
  if (!committed) return Promise.resolve('nothing was committed');
  const key = `${round}/${trainer}/${textOf(committed)}`;
  const under = looks.get(key);
  if (under) return under;
  const look = fetchAccused(session, context, trainer, committed).then(
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
  session: TaskSession,
  context: RoundContext,
  trainer: number,
  committed: VectorCommitment,
): Promise<void> {
  const { taskId, ports } = session;
  const author = context.task.trainers[trainer]!;
  const published = await ports.chain.publishedPayload(taskId, context.round.round, author);
  const size = payloadBytes(context.task.dimension);
  if (published?.length === size) {
    // Stored so that the same checks see it; anything else is of no use to anybody.
    const cid = await ports.storage.cidOf(published);
    if (cid === cidFromDigest(committed.digest, size)) await ports.storage.put(published);
  }
  const timeoutMs = lookAgainTimeout(context.task);
  await fetchVector(session, context, { kind: 'update', author, committed, check: true, timeoutMs });
}

/**
 * As a validator: a trainer that was found unavailable asks to look again. Signed where the payload is had now, from
 * the swarm or from the calldata the trainer published it in.
 */
export async function answerAvailableRequest(
  session: TaskSession,
  known: Known,
  request: AvailableRequest,
  from: string,
): Promise<AvailableResponse> {
  const { taskId, ports } = session;
  const author = known.task.trainers[request.trainer];
  if (!author || !peerOf(known.members, author).includes(from)) {
    return { refused: 'only the trainer itself may ask' };
  }
  const open = await ports.chain.unavailabilityCase(taskId, request.round, request.trainer);
  if (!open || open.resolved) return { refused: 'there is no open case' };
  const round = await ports.chain.round(taskId, request.round);
  const wrong = await lookForPayload(session, { ...known, round }, request.trainer);
  if (wrong !== null) return { refused: wrong };
  return ports.chain.signAvailable(round, request.trainer);
}
