import type { ModelReport } from '@chorus/inspector';
import { WEIGHT_ONE } from '@chorus/protocol';
import { percent, table } from '../output/table.ts';
import { type OpenedNetwork, shortHex } from './open.ts';

/** What `chorus model verify --json` prints. */
export function modelDocument(report: ModelReport, model: string) {
  const { task, checks, afterRound, ingredients } = report;
  return {
    model,
    task: task.id,
    ok: checks.every((check) => check.ok),
    checks,
    afterRound,
    rounds: task.rounds,
    madeOf: ingredients.map(({ settled, trainers }) => ({
      round: settled.round,
      aggregator: settled.aggregator,
      transaction: settled.transaction,
      trainers,
    })),
  };
}

/** The rounds, and the trainers with their weights, that a model is made of. */
export function ingredientsTable(network: OpenedNetwork, { ingredients }: ModelReport): string {
  return table(
    ['round', 'aggregator', 'transaction', 'made of the updates of'],
    ingredients.map(({ settled, trainers }) => [
      settled.round,
      network.nameOf(settled.aggregator),
      shortHex(settled.transaction),
      trainers.map((t) => `${network.nameOf(t.address)} ${percent(t.weight, WEIGHT_ONE)}`).join(', ') ||
        'no trainer',
    ]),
    { right: [0], widths: [7, 17, 18, 71] },
  );
}
