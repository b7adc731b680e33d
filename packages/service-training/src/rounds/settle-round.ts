import { hasCode, mayBeSentAgain, type RoundContext, type Settlement } from '@chorus/protocol';
import type { TaskSession } from './session/task-session.ts';
import { warn } from './session/warn.ts';
import { aggregate } from './stages/aggregate.ts';
import { prove } from './stages/prove.ts';
import { settle } from './stages/settle.ts';

/**
 * As the aggregator whose turn it is: aggregate, prove and settle. A finished proof is used until the chain refuses
 * it, even after a crash of this process.
 */
export async function settleRound(session: TaskSession, context: RoundContext): Promise<void> {
  const { journal, taskId } = session;
  const { round } = context.round;
  const proof = { taskId, round, step: 'prove' } as const;
  const known = journal.step(proof);
  const settlement =
    known?.state === 'done' ? (known.detail.settlement as Settlement) : await proveRound(session, context);
  try {
    await journal.act({ taskId, round, step: 'settle' }, {}, () => settle(session, round, settlement));
  } catch (error) {
    if (!mayBeSentAgain(error)) journal.forget(proof);
    throw error;
  }
}

async function proveRound(session: TaskSession, context: RoundContext): Promise<Settlement> {
  const { journal, taskId } = session;
  const { round } = context.round;
  const aggregation = await aggregate(session, context);
  const { weights, shares, unavailable, rejected } = aggregation;
  await journal.done({ taskId, round, step: 'aggregate' }, { weights, shares, unavailable, rejected });
  const proof = { taskId, round, step: 'prove' } as const;
  await journal.begin(proof);
  const settlement = await prove(session, context, aggregation);
  await journal.done(proof, { settlement });
  return settlement;
}

/** Add the settled round to its trainers' histories; the account that settled it pays for that. Never rejects. */
export async function attest(session: TaskSession, round: number): Promise<void> {
  try {
    await session.ports.chain.attest(session.taskId, round);
  } catch (error) {
    if (!hasCode(error, 'E_CHAIN_ALREADY_DONE')) warn(session, error);
  }
}
