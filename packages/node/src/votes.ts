import {
  ChorusError,
  committedTrainers,
  decodeVoteResponse,
  encodeMessage,
  type Hex,
  hasCode,
  sameAddress,
  type UnavailabilityVote,
  VOTE_PROTOCOL,
  type VoteRequest,
  type VoteResponse,
} from '@chorus/protocol';
import { fetchVector } from './payloads.ts';
import { fetchTimeout, peerOf, type RoundContext, type TaskSession } from './session.ts';

/** What a payload fails with that nobody gives, or that is not what its trainer committed to. */
const NOT_HAD = [
  'E_STORAGE_UNAVAILABLE',
  'E_STORAGE_TOO_LARGE',
  'E_STORAGE_MALFORMED',
  'E_PAYLOAD_MALFORMED',
  'E_PAYLOAD_MISMATCH',
];

/**
 * Ask the task's validators to confirm that the payloads of exactly these trainers (indices from 0, often none)
 * cannot be had, and that all others can and open their commitments.
 *
 * @throws ChorusError `E_VOTES_MISSING` where no strict majority agrees
 */
export async function collectVotes(
  session: TaskSession,
  context: RoundContext,
  unavailable: number[],
): Promise<UnavailabilityVote[]> {
  const { taskId, ports, signal } = session;
  const validators = context.task.activeValidators;
  const request = encodeMessage({ taskId, round: context.round.round, unavailable });
  const answers = await Promise.allSettled(
    validators.map(async (validator) => {
      if (sameAddress(validator, ports.chain.account)) {
        return signVote(session, context.round.round, unavailable);
      }
      const [peer] = peerOf(context.members, validator);
      if (!peer) throw new ChorusError('E_VOTES_MISSING', 'a validator has no known peer');
      const bytes = await ports.network.request(peer, VOTE_PROTOCOL, request, {
        // The validator looks for the payloads itself before it signs.
        timeoutMs: fetchTimeout(context.task) + 5_000,
        maxResponseBytes: 1024,
        signal,
      });
      const response = decodeVoteResponse(bytes);
      if ('refused' in response) {
        throw new ChorusError('E_VOTES_MISSING', `a validator refuses: ${response.refused}`);
      }
      return { validator, signature: response.signature as Hex };
    }),
  );
  const votes = answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
  if (votes.length * 2 <= validators.length) {
    const refusals = answers.flatMap((a) => (a.status === 'rejected' ? [String(a.reason)] : []));
    throw new ChorusError('E_VOTES_MISSING', 'the validators do not confirm which payloads can be had', {
      facts: { taskId, round: context.round.round, votes: votes.length, refusals: refusals.join('; ') },
      hint: 'the payloads are asked for again',
    });
  }
  return votes;
}

/**
 * A validator's side: look for every committed payload, and sign only where exactly the named ones cannot be had.
 * Its signature is what stands between the round and a trainer that colludes with the aggregator: the proof says
 * nothing of whether a commitment is to an int16 vector that anyone else can get.
 */
export async function answerVoteRequest(
  session: TaskSession,
  known: RoundContext,
  request: VoteRequest,
  from: string,
): Promise<VoteResponse> {
  if (!known.members.some((m) => m.peerId === from && m.roles.includes('aggregator'))) {
    return { refused: 'only aggregators of the task may ask' };
  }
  // The aggregator may have seen the phase begin a moment before this node has.
  const seen = known.round.round === request.round && known.round.phase === 'settle';
  const round = seen ? known.round : await session.ports.chain.round(session.taskId, request.round);
  if (round.phase !== 'settle') return { refused: 'not in the settle phase of this round' };
  const context = { ...known, round };
  const committed = committedTrainers(round);
  if (request.unavailable.some((index) => !committed.includes(index))) {
    return { refused: 'a trainer of the list committed nothing' };
  }
  const found = await Promise.all(committed.map((index) => canBeHad(session, context, index)));
  for (const [at, index] of committed.entries()) {
    const missing = request.unavailable.includes(index);
    if (missing && found[at]) return { refused: 'a payload of the list is available here' };
    if (!missing && !found[at]) return { refused: `the payload of trainer ${index + 1} cannot be had here` };
  }
  const { validator, signature } = await signVote(session, request.round, request.unavailable);
  return { validator, signature };
}

/** Recorded before it leaves this node, as everything that binds it. */
async function signVote(
  session: TaskSession,
  round: number,
  unavailable: number[],
): Promise<UnavailabilityVote> {
  const { taskId, ports, journal } = session;
  return journal.act({ taskId, round, step: 'vote' }, { unavailable }, () =>
    ports.chain.signUnavailable(taskId, round, unavailable),
  );
}

/** This node has looked for the payload since commitments closed; before it signs it looks once more, briefly. */
async function canBeHad(session: TaskSession, context: RoundContext, index: number): Promise<boolean> {
  const committed = context.round.updates[index];
  const author = context.task.trainers[index];
  if (!committed || !author) return false;
  try {
    const timeoutMs = fetchTimeout(context.task) / 3;
    await fetchVector(session, context, { kind: 'update', author, committed, check: true, timeoutMs });
    return true;
  } catch (error) {
    // A failure of this node's own (its disk, its workers) says nothing of the trainer: no vote.
    if (!NOT_HAD.some((code) => hasCode(error, code))) throw error;
    return false;
  }
}
