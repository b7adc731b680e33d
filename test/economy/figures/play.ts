import { defaultReferenceEpochs } from '@chorus/protocol';
import { type RoundRecord, rankCorrelation, simulate, summarise, totals } from '@chorus/simulation';
import { buildModel, type Dataset, parseSplit } from '@chorus/training';
import type { Experiment } from './experiments.ts';

/** What one experiment gave with one split and seed; numbers to four digits. */
export interface Result {
  table: string;
  name: string;
  split: string;
  seed: number;
  accuracy: number;
  voidRounds: number;
  /** By party, the first is the one compared with: part of all rewards, the same from the second round on, and what one of its clients got of one of the first party's. */
  parties: { party: string; share: number; later: number; relative: number; gate: number | null }[];
  /** Rank correlation of pay with exact Shapley values; where there are some. */
  shapley?: number;
}

const EPOCHS = 2;
const digits = (x: number) => Math.round(x * 1e4) / 1e4;

export async function playExperiment(
  experiment: Experiment,
  data: { train: Dataset; test: Dataset },
  setting: { split: string; seed: number; rounds: number; workers: number },
): Promise<Result> {
  const { train, test } = data;
  const { inputShape, classes } = train;
  const records: RoundRecord[] = [];
  for await (const record of simulate({
    model: buildModel('mlp', { inputShape, classes, seed: setting.seed }),
    train,
    test,
    parties: experiment.parties,
    split: parseSplit(setting.split),
    scoring: experiment.scoring,
    recipe: {
      localEpochs: EPOCHS,
      referenceEpochs: defaultReferenceEpochs(EPOCHS),
      batchSize: 10,
      learningRate: 0.1,
    },
    rounds: setting.rounds,
    seed: setting.seed,
    validators: 3,
    committee: 16,
    scale: 2 ** -14,
    workers: setting.workers,
    shapley: experiment.shapley ?? false,
  })) {
    records.push(record);
  }
  const outcome = summarise(records);
  const later = summarise(records.slice(1)).parties;
  const clients = totals(records);
  return {
    table: experiment.table,
    name: experiment.name,
    split: setting.split,
    seed: setting.seed,
    accuracy: digits(outcome.accuracy),
    voidRounds: outcome.voidRounds,
    parties: outcome.parties.map(({ party, share, relative, gate }) => ({
      party,
      share: digits(share),
      later: digits(later.find((one) => one.party === party)!.share),
      relative: digits(relative),
      gate: gate === null ? null : Math.round(gate),
    })),
    ...(experiment.shapley
      ? {
          shapley: digits(
            rankCorrelation(
              clients.map(({ share }) => share),
              clients.map(({ shapley }) => shapley),
            ),
          ),
        }
      : {}),
  };
}
