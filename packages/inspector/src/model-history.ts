import { addPoints, combinePoints } from '@chorus/commitment';
import {
  type Address,
  ChorusError,
  G1_INFINITY,
  type SettledRound,
  sameG1,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import {
  applyAggregate,
  createGlobalModel,
  createTrainer,
  decodeGlobalModel,
  type GlobalModel,
  globalParameters,
  graphOptions,
  type ParameterInfo,
  type TrainedFile,
  trainedModel,
} from '@chorus/training';
import { findSummary } from './history/find-summary.ts';
import { type Inspection, readInitialModel, readTerms, settledRounds, summarySource } from './inspection.ts';
import { type Check, runCheck } from './records/run-check.ts';

/** One settled round that a model is made of. */
export interface Ingredient {
  settled: SettledRound;
  /** Trainers whose updates went in, with their weights of 2^16. */
  trainers: { address: Address; weight: number }[];
}

export interface ModelReport {
  task: TaskState;
  checks: Check[];
  /** The round after which this was the task's model; null if it opens no point of the history. */
  afterRound: number | null;
  /** The rounds that the model is made of. */
  ingredients: Ingredient[];
}

/** Bytes of a model file of `dimension` parameters: a header of 16, then 12 for each. */
export function modelFileBytes(dimension: number): number {
  return 16 + 12 * dimension;
}

/**
 * Check a model file against a task's history on chain, and report what it is made of.
 *
 * The whole history is one check: the model's integer sum must open the sum of the aggregate commitments of the
 * settled rounds, each of which the chain has checked to be the weighted sum of the trainers' commitments.
 */
export async function verifyModel(
  inspection: Inspection,
  task: TaskState,
  bytes: Uint8Array,
): Promise<ModelReport> {
  const { chain } = inspection;
  const [rounds, terms] = await Promise.all([settledRounds(chain, task), readTerms(inspection, task)]);
  const totals = runningTotals(rounds);
  let model: GlobalModel | null = null;
  let after = -1;
  const checks: Check[] = [];
  checks.push(
    await runCheck('file', () => {
      model = decodeGlobalModel(bytes);
      if (model.base.length !== task.dimension) return `it has ${model.base.length} parameters`;
      return Math.fround(terms.scale) === model.scale ? undefined : `its scale is ${model.scale}`;
    }),
  );
  const read = model as GlobalModel | null;
  if (read && checks[0]?.ok) {
    checks.push(await runCheck('base', () => baseFault(inspection, terms, read)));
    checks.push(await runCheck('aggregates', () => aggregatesFault(inspection, task, rounds)));
    checks.push(
      await runCheck('total', () =>
        sameG1(totals.at(-1)!, task.totalCommitment) ? undefined : 'the aggregates do not add up to C_total',
      ),
    );
    checks.push(
      await runCheck('history', async () => {
        const committer = await inspection.committer(task.dimension);
        const opened = await committer.commitIntegers(read.sum);
        after = totals.findLastIndex((total) => sameG1(total, opened));
        return after < 0 ? 'the model opens no point of the history on chain' : undefined;
      }),
    );
  }
  return {
    task,
    checks,
    afterRound: after < 0 ? null : (rounds[after - 1]?.round ?? 0),
    ingredients: rounds.slice(0, Math.max(0, after)).map((settled) => ({
      settled,
      trainers: settled.weights.flatMap((weight, i) =>
        weight > 0 ? [{ address: task.trainers[i]!, weight }] : [],
      ),
    })),
  };
}

/** C_total before the first settled round, and after each. */
function runningTotals(rounds: readonly SettledRound[]) {
  const totals = [{ ...G1_INFINITY }];
  for (const { aggregate } of rounds) totals.push(addPoints([totals.at(-1)!, aggregate]));
  return totals;
}

async function baseFault(inspection: Inspection, terms: Terms, model: GlobalModel) {
  const { initial } = await openModel(inspection, terms);
  const odd = model.base.findIndex((x, j) => !Object.is(x, initial[j]));
  return odd < 0 ? undefined : `parameter ${odd} begins elsewhere than in the task's model`;
}

/** C_A = sum w_i C_i of every round, once more. */
async function aggregatesFault({ chain }: Inspection, task: TaskState, rounds: readonly SettledRound[]) {
  for (const { round: number, weights, aggregate } of rounds) {
    const { updates } = await chain.round(task.id, number);
    const sum = combinePoints(
      updates.map((update) => update?.commitment ?? G1_INFINITY),
      weights,
    );
    if (!sameG1(sum, aggregate)) return `the aggregate of round ${number} is not its weighted sum`;
  }
  return undefined;
}

/** A stranger's model is opened, but never run. */
const INSPECTION = { memoryBytes: 4e9, callSeconds: 60 };

/** The model that a task began with: its parameters and where each lies in the vector. */
async function openModel(
  inspection: Inspection,
  terms: Terms,
): Promise<{ base: Uint8Array; initial: Float32Array; parameters: readonly ParameterInfo[] }> {
  const base = await readInitialModel(inspection, terms);
  const trainer = await createTrainer({
    model: base,
    ...graphOptions(terms),
    limits: INSPECTION,
    foreign: { inputShape: terms.data.inputShape, batchSize: terms.batchSize },
    signal: inspection.signal,
  });
  const { initial, parameters } = trainer;
  await trainer.close();
  return { base, initial, parameters };
}

/**
 * Compute a task's model from the aggregates of its settled rounds, as every node does; each opens its commitment.
 * @throws ChorusError `E_MODEL_AGGREGATES` if no peer sends one: use a published model and check it
 */
export async function rebuildModel(inspection: Inspection, task: TaskState): Promise<GlobalModel> {
  const { chain, askMilliseconds } = inspection;
  const terms = await readTerms(inspection, task);
  const [{ initial }, rounds, members, source] = await Promise.all([
    openModel(inspection, terms),
    settledRounds(chain, task),
    chain.members(task.id),
    summarySource(inspection, task),
  ]);
  const model = createGlobalModel(initial, terms.scale);
  for (const settled of rounds) {
    const known = { task, members };
    const { aggregate } = await findSummary(source, known, settled, 'aggregate', askMilliseconds).catch(
      (cause) => {
        inspection.signal.throwIfAborted();
        throw new ChorusError(
          'E_MODEL_AGGREGATES',
          'the model cannot be recomputed: an aggregate is missing',
          {
            facts: { taskId: task.id, round: settled.round },
            hint: 'use a published model instead (--cid); it is checked against the chain before it is written',
            cause,
          },
        );
      },
    );
    if (aggregate) applyAggregate(model, aggregate);
  }
  return model;
}

/** A model of this task as a file for other runtimes: see `trainedModel`. */
export async function exportModel(
  inspection: Inspection,
  task: TaskState,
  model: GlobalModel,
): Promise<TrainedFile> {
  const terms = await readTerms(inspection, task);
  const { base, parameters } = await openModel(inspection, terms);
  const values = globalParameters(model);
  return trainedModel(
    base,
    graphOptions(terms),
    new Map(parameters.map(({ name, offset, size }) => [name, values.subarray(offset, offset + size)])),
  );
}
