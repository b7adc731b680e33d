import {
  committedTrainers,
  openedReferences,
  type RoundContext,
  type VoteRequest,
  type VoteResponse,
} from '@chorus/protocol';

import { lookAgain, lossesOf } from '../checks/payload-checks.ts';
import type { TaskSession } from '../session/task-session.ts';
import { noveltyOf, ownVerdict, signVerdict } from '../votes/own-vote.ts';

/**
 * **vote**, as a validator that an aggregator asks: look for every committed payload and opened reference, compute the
 * novelty row, and sign only if exactly the named ones are unavailable or rejected and the commitment is to the same row.
 * Its signature protects the round against a trainer that colludes with the aggregator: the proof does not say whether a
 * commitment is to an int16 vector that anyone else can fetch.
 *
 * @param modelRound the last round in this node's model; it can measure losses only for the next round
 */
export async function answerVoteRequest(
  session: TaskSession,
  known: RoundContext,
  request: VoteRequest,
  from: string,
  modelRound: number,
): Promise<VoteResponse> {
  if (!known.members.some((m) => m.peerId === from && m.roles.includes('aggregator'))) {
    return { refused: 'only aggregators of the task may ask' };
  }
  // The aggregator may have seen the phase begin a moment before this node.
  const seen = known.round.round === request.round && known.round.phase === 'settle';
  const round = seen ? known.round : await session.ports.chain.round(session.taskId, request.round);
  if (round.phase !== 'settle') return { refused: 'not in the settle phase of this round' };
  if (modelRound !== request.round - 1) return { refused: "this node's model is at a different round" };
  const context = { ...known, round };
  const committed = committedTrainers(round);
  if (request.unavailable.some((index) => !committed.includes(index))) {
    return { refused: 'a trainer of the list committed nothing' };
  }
  const opened = openedReferences(round).map((r) => r.index);
  if (request.rejected.some((index) => !opened.includes(index))) {
    return { refused: 'a validator of the list opened nothing' };
  }
  const { unavailable, rejected, novelty } = request;
  return ownVerdict(session, context, {
    novelty,
    unavailable: [...unavailable].sort((a, b) => a - b),
    rejected: [...rejected].sort((a, b) => a - b),
  });
}

/** **vote**, as a validator, after verdicts were requested on chain: post what this node finds. */
export async function postVerdict(session: TaskSession, context: RoundContext): Promise<void> {
  const found = await lookAgain(session, context);
  const { unavailable, rejected } = found;
  const novelty = await noveltyOf(session, context, found);
  const verdict = { unavailable, rejected, novelty, ...(await lossesOf(session, context, found)) };
  const vote = await signVerdict(session, context.round, verdict);
  await session.ports.chain.postVerdict(session.taskId, context.round.round, verdict, vote);
}
