import {
  ChorusError,
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
 * Ask the task's validators to confirm that the payloads of these trainers (indices from 0) cannot be had.
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
        return ports.chain.signUnavailable(taskId, context.round.round, unavailable);
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
    throw new ChorusError('E_VOTES_MISSING', 'the validators do not confirm the missing payloads', {
      facts: { taskId, round: context.round.round, votes: votes.length, refusals: refusals.join('; ') },
      hint: 'the payloads are asked for again',
    });
  }
  return votes;
}

/** A validator's side: look for each payload, and sign only where none of them can be had. */
export async function answerVoteRequest(
  session: TaskSession,
  context: RoundContext,
  request: VoteRequest,
  from: string,
): Promise<VoteResponse> {
  if (request.round !== context.round.round || context.round.phase !== 'settle') {
    return { refused: 'not in the settle phase of this round' };
  }
  if (!context.members.some((m) => m.peerId === from && m.roles.includes('aggregator'))) {
    return { refused: 'only aggregators of the task may ask' };
  }
  const found = await Promise.all(request.unavailable.map((index) => canBeHad(session, context, index)));
  if (found.some(Boolean)) return { refused: 'a payload of the list is available here' };
  const { validator, signature } = await session.ports.chain.signUnavailable(
    session.taskId,
    request.round,
    request.unavailable,
  );
  return { validator, signature };
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
