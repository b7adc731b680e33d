import { aggregate } from '@chorus/aggregation';
import type { Hex, SettledRound } from '@chorus/protocol';
import { applyAggregate, modelDigest } from '@chorus/training';
import { fetchVector } from '../payloads.ts';
import type { RoundContext } from '../round-context.ts';
import { type TaskSession, timed } from '../session.ts';

/**
 * **recompute**: every node computes the next model itself, from the payloads and the settled weights.
 * Whether it is the one the chain has is for `HistoryCheck` to say.
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
    const updates = await Promise.all(
      settled.weights.map((weight, index) => {
        const committed = context.round.updates[index];
        return weight === 0 || !committed
          ? null
          : fetchVector(session, context, {
              kind: 'update',
              author: context.task.trainers[index]!,
              committed,
              check: false,
            });
      }),
    );
    const total = updates.some((update) => update !== null) ? aggregate(updates, settled.weights) : null;
    if (total) applyAggregate(model, total);
    histories.settled(round, total);
  });
  const digest = modelDigest(model);
  emit({ type: 'model', taskId, round, digest });
  return digest;
}
