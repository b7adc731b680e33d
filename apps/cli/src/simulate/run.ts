import { ChorusError, defaultReferenceEpochs } from '@chorus/protocol';
import { namesOf } from '@chorus/service-training';
import {
  attackBehaviour,
  MAX_SHAPLEY_TRAINERS,
  type Outcome,
  type Party,
  type RoundRecord,
  rankCorrelation,
  type SimulationOptions,
  simulate,
  summarise,
  totals,
} from '@chorus/simulation';
import { buildModel, type Dataset, loadParts, syntheticDigits } from '@chorus/training';
import { readingOptions } from '../options/data.ts';
import { TERMS, TRAINING } from '../task-request/plan.ts';
import type { SimulateOptions } from './options.ts';

/** Generated digits of each client, and to test on. */
const GENERATED_PER_CLIENT = 600;
const GENERATED_TEST = 2_000;

/** One seed's run. */
export interface SimulatedRun {
  seed: number;
  outcome: Outcome;
  /** Rank correlation of the clients' pay with their Shapley values; null unless asked for. */
  shapley: number | null;
  /** Accuracy of federated averaging without attackers; null unless asked for. */
  baseline: number | null;
}

/** Progress of a run. */
export interface SimulationEvents {
  onRound(seed: number, what: 'attacked' | 'baseline', record: RoundRecord): void;
}

/**
 * Simulate every seed, one after the other.
 * @throws ChorusError `E_USAGE` if Shapley values are asked for too many trainers, `E_DATA_*`, `E_TRAINING_DIVERGED`
 */
export async function runSimulations(
  options: SimulateOptions,
  events: SimulationEvents,
  signal: AbortSignal,
): Promise<SimulatedRun[]> {
  const trainers = Math.min(options.clients, options.committee);
  if (options.shapley && trainers > MAX_SHAPLEY_TRAINERS) {
    throw new ChorusError(
      'E_USAGE',
      '--shapley evaluates every coalition of a round: there are too many trainers',
      {
        facts: { trainers, most: MAX_SHAPLEY_TRAINERS },
        hint: `use --committee ${MAX_SHAPLEY_TRAINERS} or less`,
      },
    );
  }
  const { train, test } = await dataOf(options);
  const runs: SimulatedRun[] = [];
  for (const seed of options.seeds) {
    const setting = settingOf(options, train, test, seed, signal);
    const records = await play(setting, (record) => events.onRound(seed, 'attacked', record));
    const clients = totals(records);
    const honest: Party[] = [{ name: 'honest', clients: options.clients }];
    const baseline = options.baseline
      ? await play({ ...setting, parties: honest, scoring: 'fedavg', shapley: false }, (record) =>
          events.onRound(seed, 'baseline', record),
        )
      : null;
    runs.push({
      seed,
      outcome: summarise(records),
      shapley: options.shapley
        ? rankCorrelation(
            clients.map(({ share }) => share),
            clients.map(({ shapley }) => shapley),
          )
        : null,
      baseline: baseline?.at(-1)?.accuracy ?? null,
    });
  }
  return runs;
}

async function play(
  setting: SimulationOptions,
  onRound: (record: RoundRecord) => void,
): Promise<RoundRecord[]> {
  const records: RoundRecord[] = [];
  for await (const record of simulate(setting)) {
    records.push(record);
    onRound(record);
  }
  return records;
}

function settingOf(
  options: SimulateOptions,
  train: Dataset,
  test: Dataset,
  seed: number,
  signal: AbortSignal,
): SimulationOptions {
  const { inputShape, classes } = train;
  const recipe = TRAINING[options.model];
  return {
    model: buildModel(options.model, { inputShape, classes, seed }),
    train,
    test,
    parties: partiesOf(options),
    split: options.split,
    scoring: options.scoring,
    recipe: { ...recipe, referenceEpochs: defaultReferenceEpochs(recipe.localEpochs) },
    rounds: options.rounds,
    seed,
    validators: options.validators,
    committee: options.committee,
    scale: TERMS.scale,
    workers: options.workers,
    noveltyOff: options.noveltyOff,
    shapley: options.shapley,
    signal,
  };
}

function partiesOf({ clients, attack, attackers }: SimulateOptions): Party[] {
  const honest: Party = { name: 'honest', clients: clients - attackers };
  if (!attack) return [honest];
  return [
    honest,
    {
      name: attack,
      clients: attackers,
      behaviour: attackBehaviour(attack),
      sharesData: namesOf(attack) !== null,
    },
  ];
}

async function dataOf({
  data,
  reading,
  clients,
  validators,
}: SimulateOptions): Promise<{ train: Dataset; test: Dataset }> {
  if (data === null) {
    return {
      train: syntheticDigits({ seed: 1, count: GENERATED_PER_CLIENT * (clients + validators) }),
      test: syntheticDigits({ seed: 2, count: GENERATED_TEST }),
    };
  }
  const { train, test } = await loadParts(data, await readingOptions(reading));
  if (train.count < clients + validators) {
    throw new ChorusError('E_DATA_FORMAT', 'there is too little training data for this number of clients', {
      facts: { samples: train.count, clients, validators },
      hint: 'use fewer --clients, or more data',
    });
  }
  return { train, test };
}
