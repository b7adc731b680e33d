import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { namesOf } from '@chorus/service-training';
import { type Dataset, loadParts, splitIndices, subset, syntheticDigits, writeShard } from '@chorus/training';
import { makeFolder } from '@chorus/utils';
import { readingOptions } from '../options/data.ts';
import type { DemoOptions } from './options.ts';

/** Generated digits: enough to train on for each trainer, to validate on, and to test on. */
const GENERATED_PER_TRAINER = 800;
const GENERATED_TEST = 2_000;
/** Held-out samples of each validator, which the trainers never see: a tenth of the data within these bounds. */
const VALIDATION = { min: 200, max: 1_000 };

export interface DemoData {
  /** Shard file of each trainer, in order. */
  trainerShards: string[];
  /** Held-out shard of each validator; no two share a sample. */
  validatorShards: string[];
  test: Dataset;
  source: string;
}

/** Split the data into private shards, one file in each node's own folder. */
export async function prepareData(
  options: Pick<DemoOptions, 'data' | 'split' | 'seed'> &
    Partial<Pick<DemoOptions, 'attack' | 'attackers' | 'reading'>>,
  { trainers, validators }: { trainers: number; validators: number },
  folder: string,
): Promise<DemoData> {
  const { train, test, source } = await loadDemoData(options, trainers);
  const validation = Math.min(VALIDATION.max, Math.max(VALIDATION.min, Math.floor(train.count / 10)));
  if (train.count < validation * validators + 10 * trainers) {
    throw new ChorusError('E_DATA_FORMAT', 'there is too little training data for this number of trainers', {
      facts: { samples: train.count, trainers },
    });
  }
  const [held, rest] = holdOut(train, validation * validators, options.seed);
  // Names of one party hold the same data; the other trainers do not get less.
  const names = options.attackers ? (namesOf(options.attack)?.names ?? 1) : 1;
  const cut = splitIndices(rest.labels, trainers - names + 1, options.split, options.seed);
  const parts = Array.from({ length: trainers }, (_, i) => cut[Math.min(i, cut.length - 1)]!);
  const trainerShards = await Promise.all(
    parts.map(async (indices, i) => {
      const path = join(folder, `trainer-${i + 1}`, 'private.shard');
      await makeFolder(join(folder, `trainer-${i + 1}`));
      await writeShard(path, subset(rest, indices));
      return path;
    }),
  );
  const heldParts = splitIndices(held.labels, validators, { kind: 'iid' }, options.seed);
  const validatorShards = await Promise.all(
    heldParts.map(async (indices, i) => {
      const path = join(folder, `validator-${i + 1}`, 'private.shard');
      await makeFolder(join(folder, `validator-${i + 1}`));
      await writeShard(path, subset(held, indices));
      return path;
    }),
  );
  return { trainerShards, validatorShards, test, source };
}

async function loadDemoData(
  options: Pick<DemoOptions, 'data' | 'seed'> & Partial<Pick<DemoOptions, 'reading'>>,
  trainers: number,
) {
  if (options.data === null) {
    return {
      train: syntheticDigits({
        seed: options.seed,
        count: Math.floor(trainers * GENERATED_PER_TRAINER * 1.1) + VALIDATION.min,
      }),
      test: syntheticDigits({ seed: options.seed + 1_000_003, count: GENERATED_TEST }),
      source: 'generated digits',
    };
  }
  return {
    ...(await loadParts(options.data, await readingOptions(options.reading ?? {}))),
    source: options.data,
  };
}

/** A random, class-balanced enough sample of `count` for the validators, and the rest. */
function holdOut(data: Dataset, count: number, seed: number): [Dataset, Dataset] {
  const pieces = Math.max(2, Math.floor(data.count / count));
  const [first, ...others] = splitIndices(data.labels, pieces, { kind: 'iid' }, seed + 7);
  const held = first!.subarray(0, count);
  const rest = Uint32Array.from([...first!.subarray(count), ...others.flatMap((part) => [...part])]);
  return [subset(data, held), subset(data, rest)];
}
