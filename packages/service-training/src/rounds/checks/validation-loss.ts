import { aggregate, ruleById } from '@chorus/aggregation';
import type { RoundContext } from '@chorus/protocol';
import { applyAggregate, globalParameters } from '@chorus/training';
import type { TaskSession } from '../session/task-session.ts';
import type { PayloadChecks } from './check-payloads.ts';
import type { HeadRows } from './head-rows.ts';

const MAX_LOSS = 2n ** 63n - 1n;

/** A loss in the contract's units: millionths, rounded; a loss that is not finite gets the worst value. */
export function lossUnits(loss: number): bigint {
  const units = Math.round(Math.max(0, loss) * 1e6);
  return Number.isSafeInteger(units) ? BigInt(units) : MAX_LOSS;
}

/**
 * A validator's loss of the model before and after a round, on its own data: it applies the rule itself, as every
 * node can. Zero and zero if the task's terms do not require losses: they would cost an evaluation and have no
 * effect.
 *
 * The session's model must be the one the round began from.
 *
 * @param head the leading rows of the round's matrix, asked for only if losses are
 */
export async function measureValidationLoss(
  session: TaskSession,
  context: RoundContext,
  found: PayloadChecks,
  head: () => Promise<HeadRows>,
): Promise<{ lossBefore: bigint; lossAfter: bigint }> {
  const { trainer, dataset, terms, proving, model, signal } = session;
  if (context.task.stagnationBps === 10_000 || !dataset) return { lossBefore: 0n, lossAfter: 0n };
  // The round may be settled, and the model may change, during this work.
  const before = globalParameters(model);
  const after = { ...model, sum: model.sum.slice() };
  const [prover, { rows }] = await Promise.all([proving.prover(terms.dimension), head()]);
  const gram = await prover.gramMatrix(terms.rule, [...rows, ...found.updates], { signal });
  const { weights } = ruleById(terms.rule).apply(gram);
  if (weights.some((w) => w > 0)) applyAggregate(after, aggregate(found.updates, weights));
  const first = await trainer.evaluate({ parameters: before, dataset });
  const next = await trainer.evaluate({ parameters: globalParameters(after), dataset });
  return { lossBefore: lossUnits(first.loss), lossAfter: lossUnits(next.loss) };
}
