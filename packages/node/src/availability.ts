import {
  type AvailableRequest,
  type AvailableResponse,
  ChorusError,
  cidFromDigest,
  hasCode,
  payloadBytes,
} from '@chorus/protocol';
import { fetchVector } from './payloads.ts';
import { lookAgainTimeout, peerOf, type RoundContext, type TaskSession } from './session.ts';

/** What stays wrong: the bytes follow from the digest on chain. */
const FOR_GOOD = ['E_PAYLOAD_MALFORMED', 'E_PAYLOAD_MISMATCH'];

type Known = Pick<RoundContext, 'task' | 'members'>;

/** Looks under way and those that need not be repeated, by round and trainer: at most one of each for each case. */
const LOOKS = new WeakMap<TaskSession, Map<string, Promise<string | null>>>();

/**
 * Look for the payload of a trainer that was found unavailable, in the swarm and in the calldata it published it in.
 * One look at a time for each case, and none after the answer cannot change any more, whoever asks and how often.
 *
 * @returns null where it can be had and opens its commitment; else what is wrong
 */
export function lookForPayload(
  session: TaskSession,
  known: Known,
  round: number,
  trainer: number,
): Promise<string | null> {
  const looks = LOOKS.get(session) ?? new Map<string, Promise<string | null>>();
  LOOKS.set(session, looks);
  const key = `${round}/${trainer}`;
  const under = looks.get(key);
  if (under) return under;
  const look = fetchAccused(session, known, round, trainer).then(
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
  known: Known,
  number: number,
  trainer: number,
): Promise<void> {
  const { taskId, ports } = session;
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
  const wrong = await lookForPayload(session, known, request.round, request.trainer);
  if (wrong !== null) return { refused: wrong };
  return ports.chain.signAvailable(taskId, request.round, request.trainer);
}
