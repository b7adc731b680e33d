import { type CheckedSummary, findSummary } from '@chorus/inspector';
import {
  digestOfCid,
  encodeAggregate,
  fromHex,
  type Hex,
  isChecker,
  type RoundContext,
  type SettledRound,
} from '@chorus/protocol';
import { applyAggregate, modelDigest } from '@chorus/training';
import { ownSummary } from '../checks/own-summary.ts';
import { type TaskSession, timed } from '../session/task-session.ts';

/**
 * **recompute**: every node adds the round's aggregate to the model, in integers. Validators and candidates add up
 * the payloads they have checked; all other nodes get the aggregate from a peer and check that it opens C_A. From
 * then on this node serves it to others. `ModelCommitmentCheck` compares the model with the chain.
 *
 * @returns the model's digest
 */
export async function recompute(
  session: TaskSession,
  context: RoundContext,
  settled: SettledRound,
): Promise<Hex> {
  const { taskId, model, histories, emit } = session;
  const round = settled.round;
  await timed(session, round, 'recompute', async () => {
    const summary = await summaryOf(session, context, settled);
    const cid = await keepSummary(session, round, summary);
    if (summary.aggregate) applyAggregate(model, summary.aggregate);
    histories.settled(round, summary.aggregate, cid);
  });
  const digest = modelDigest(model);
  emit({ type: 'model', taskId, round, digest });
  return digest;
}

function summaryOf(
  session: TaskSession,
  context: RoundContext,
  settled: SettledRound,
): Promise<CheckedSummary> {
  const ask = () => findSummary(session, context, settled, 'aggregate');
  if (!isChecker(context.task, session.ports.chain.account)) return ask();
  const own = ownSummary(session, context, settled);
  // Payloads of an earlier round may be gone while other nodes have its summary; or no other node may have followed
  // it.
  return session.payloads.round === settled.round ? own.catch(ask) : firstOf([own, ask()]);
}

/** The first success; else the failure of the first attempt. */
async function firstOf<T>(attempts: [Promise<T>, Promise<T>]): Promise<T> {
  try {
    return await Promise.any(attempts);
  } catch {
    return attempts[0];
  }
}

/** Store the aggregate for other nodes, and for this node after a restart. Returns the CID of its file. */
async function keepSummary(
  { taskId, ports, journal }: TaskSession,
  round: number,
  { aggregate, gram }: CheckedSummary,
): Promise<string | null> {
  const cid = aggregate === null ? null : await ports.storage.put(encodeAggregate(aggregate));
  journal.keepSummary(taskId, round, { aggregate: cid === null ? null : fromHex(digestOfCid(cid)), gram });
  return cid;
}
