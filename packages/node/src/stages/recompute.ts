import { aggregate } from '@chorus/aggregation';
import { ChorusError, type SettledRound, sameG1 } from '@chorus/protocol';
import { applyAggregate, modelDigest } from '@chorus/training';
import { fetchVector } from '../payloads.ts';
import { type RoundContext, type TaskSession, timed } from '../session.ts';

/**
 * **recompute**: every node computes the next model itself, from the payloads and the settled weights, and
 * checks that it opens the aggregate commitment on chain.
 *
 * @throws ChorusError `E_MODEL_DIVERGED` where it does not: the settlement and the payloads disagree
 */
export async function recompute(
  session: TaskSession,
  context: RoundContext,
  settled: SettledRound,
): Promise<void> {
  const { taskId, committer, model, emit } = session;
  const round = settled.round;
  await timed(session, round, 'recompute', async () => {
    const updates = await Promise.all(
      settled.weights.map((weight, index) => {
        const committed = context.round.updates[index];
        return weight === 0 || !committed
          ? null
          : fetchVector(session, context, 'update', context.task.trainers[index]!, committed);
      }),
    );
    const sum = updates.some((u) => u !== null)
      ? aggregate(updates, settled.weights)
      : new Int32Array(session.terms.dimension);
    if (!sameG1(await committer.commitIntegers(sum), settled.aggregate)) {
      throw new ChorusError('E_MODEL_DIVERGED', 'the aggregate does not open its commitment on chain', {
        facts: { taskId, round },
        hint: 'do not train on: fetch a model that opens C_total, or leave the task',
      });
    }
    applyAggregate(model, sum);
  });
  emit({ type: 'model', taskId, round, digest: modelDigest(model) });
}
