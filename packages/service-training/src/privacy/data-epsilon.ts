import { epsilonOf } from '@chorus/training';
import type { DataUse } from '../journal/data-uses.ts';

/** What the updates of a node have revealed of one data set so far. */
export interface DataEpsilon {
  data: string;
  /** Of (epsilon, delta)-differential privacy of each sample; Infinity if a training had no noise. */
  epsilon: number;
  /** Trainings: one for each round and role. */
  trainings: number;
  /** Number of trainings without noise. */
  plain: number;
}

/** The epsilon spent of each data set, over all tasks and rounds. */
export function dataEpsilons(uses: readonly DataUse[], delta: number): DataEpsilon[] {
  return [...Map.groupBy(uses, ({ data }) => data)].map(([data, runs]) => ({
    data,
    epsilon: epsilonOf(runs, delta),
    trainings: runs.reduce((sum, run) => sum + run.trainings, 0),
    plain: runs.reduce((sum, run) => sum + (run.noiseMultiplier === 0 ? run.trainings : 0), 0),
  }));
}
