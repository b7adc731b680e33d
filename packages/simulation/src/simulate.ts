import { aggregate, type Reason } from '@chorus/aggregation';
import { SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import type { EndedRound } from '@chorus/service-training/simulation';
import {
  applyAggregate,
  createGlobalModel,
  type Dataset,
  type GlobalModel,
  globalParameters,
  modelDigest,
  quantise,
  quantiseReference,
  type Split,
  subset,
} from '@chorus/training';
import { type Client, drawCommittee, type Party, type Population, populate } from './parties.ts';
import { type Scores, type Scoring, score } from './scoring.ts';
import { shapleyValues } from './shapley.ts';
import { Trainers } from './trainers.ts';

/** Training settings of every client. */
export interface Recipe {
  localEpochs: number;
  /** Epochs of a validator on its held-out data. */
  referenceEpochs: number;
  batchSize: number;
  learningRate: number;
}

export interface SimulationOptions {
  /** An ONNX classifier. */
  model: Uint8Array;
  train: Dataset;
  test: Dataset;
  parties: readonly Party[];
  split: Split;
  scoring: Scoring;
  recipe: Recipe;
  rounds: number;
  seed: number;
  validators: number;
  /** Trainers of one round, drawn again for each round if there are more clients. A task has at most 16. */
  committee: number;
  /** One unit of an update's integers. */
  scale: number;
  /** Number of processes that train. */
  workers: number;
  /** Replayed public vectors are paid like other work: for known trainers. */
  noveltyOff?: boolean;
  /** Rounds that end without a settlement: they pay nothing, and the opened references are public. */
  isVoid?: (round: number) => boolean;
  /** References stay closed for good: no one can replay them, and the span lacks them. */
  withholdReferences?: boolean;
  /** Compute each round's exact Shapley values of the loss on the test data. */
  shapley?: boolean;
  signal?: AbortSignal;
}

/** Result of one client in one round. */
export interface ClientRecord {
  client: number;
  party: string;
  /** Weight, 1 in all. */
  weight: number;
  /** Share of the round's trainer pool, 1 in all. */
  share: number;
  /**
   * Part of the pay that the novelty row left, 0 to 256; null under rules without one, or for a client without a
   * claim.
   */
  gate: number | null;
  reason: Reason;
  /** Exact Shapley value of the loss on the test data; only if requested. */
  shapley?: number;
}

export interface RoundRecord {
  round: number;
  void: boolean;
  /** Accuracy of the model after the round on the test data. */
  accuracy: number;
  loss: number;
  /** sha2-256 of the model after the round: equal for equal runs. */
  digest: string;
  clients: ClientRecord[];
}

/**
 * A task's rounds in this process: real training, the rule's integers, the model as all nodes compute it; no chain, no
 * network, no proofs. The same options give the same records on one machine, for any number of workers.
 *
 * @throws (while iterating) ChorusError of training, such as `E_TRAINING_DIVERGED`; the signal's reason
 */
export async function* simulate(options: SimulationOptions): AsyncGenerator<RoundRecord> {
  const population = populate(options);
  const trainers = await Trainers.open(
    {
      model: options.model,
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    },
    options.workers,
  );
  try {
    const model = createGlobalModel(trainers.first.initial, options.scale);
    const world: World = { options, population, trainers, model, ended: [] };
    for (let round = 1; round <= options.rounds; round++) {
      options.signal?.throwIfAborted();
      yield await playRound(world, round);
    }
  } finally {
    await trainers.close();
  }
}

interface World {
  options: SimulationOptions;
  population: Population;
  trainers: Trainers;
  model: GlobalModel;
  /** Ended rounds, the newest first, as every node knows them. */
  ended: EndedRound[];
}

async function playRound(world: World, round: number): Promise<RoundRecord> {
  const { options, trainers, model, ended } = world;
  const committee = drawCommittee(world.population.clients, options.committee, options.seed, round);
  const [updates, honest] = await Promise.all([
    Promise.all(committee.map((client) => updateOf(world, client, round))),
    options.scoring === 'fedavg'
      ? []
      : Promise.all(world.population.heldOut.map((data, index) => referenceOf(world, data, round, index))),
  ]);
  const references = withCollusion(honest, committee, updates);
  const scores = score(options.scoring, {
    updates,
    references,
    ended,
    model,
    samples: committee.map(({ indices }) => indices.length),
    tensors: trainers.first.parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1)),
    noveltyOff: options.noveltyOff ?? false,
  });
  const lost = (options.isVoid?.(round) ?? false) || scores.weights.every((weight) => weight === 0);
  const shapley = options.shapley && !lost ? await valuesOf(world, updates) : null;
  const total = lost ? null : aggregate(updates, scores.weights);
  if (total) applyAggregate(model, total);
  ended.unshift({
    round,
    aggregate: total,
    references: options.withholdReferences ? [] : references,
    updates: updates.map((vector, k) => ({ trainer: committee[k]!.index, vector })),
  });
  ended.length = Math.min(ended.length, KEPT_ROUNDS);
  const { accuracy, loss } = await trainers.use((trainer) =>
    trainer.evaluate({ parameters: globalParameters(model), dataset: options.test, ...signalOf(options) }),
  );
  return {
    round,
    void: lost,
    accuracy,
    loss,
    digest: modelDigest(model),
    clients: committee.map((client, k) => recordOf(client, scores, k, lost, shapley)),
  };
}

/** Longer than any attack or rule looks back. */
const KEPT_ROUNDS = 16;

function recordOf(
  client: Client,
  scores: Scores,
  k: number,
  lost: boolean,
  shapley: readonly number[] | null,
): ClientRecord {
  return {
    client: client.index,
    party: client.party.name,
    weight: lost ? 0 : scores.weights[k]! / WEIGHT_ONE,
    share: lost ? 0 : scores.shares[k]! / SHARE_ONE,
    gate: scores.gates[k]!,
    reason: scores.reasons[k]!,
    ...(shapley ? { shapley: shapley[k]! } : {}),
  };
}

async function updateOf(world: World, client: Client, round: number): Promise<Int16Array> {
  const { options, trainers, model, ended } = world;
  const { behaviour = {} } = client.party;
  const { scale } = options;
  const known = { rounds: ended, way: model.sum };
  let delta: Float32Array = new Float32Array(trainers.first.dimension);
  if (behaviour.trains?.(known) ?? true) {
    const own = subset(options.train, client.indices);
    const dataset = behaviour.data?.(own, client.seed) ?? own;
    const seed = behaviour.seed?.(client.seed) ?? client.seed;
    delta = await deltaOf(world, dataset, options.recipe.localEpochs, seed * 1009 + round);
  }
  const seed = client.seed * 1009 + round;
  return behaviour.send?.(delta, { known, scale, seed }) ?? quantise(delta, scale).vector;
}

async function referenceOf(world: World, held: Dataset, round: number, index: number): Promise<Int16Array> {
  const { recipe, seed } = world.options;
  const own = seed * 100_003 + REFERENCE_SEEDS + index;
  return quantiseReference(await deltaOf(world, held, recipe.referenceEpochs, own * 1009 + round));
}

/** Seeds of validators follow those of clients. */
const REFERENCE_SEEDS = 90_000;

async function deltaOf(world: World, dataset: Dataset, epochs: number, seed: number): Promise<Float32Array> {
  const { options, trainers, model } = world;
  const { batchSize, learningRate } = options.recipe;
  const { delta } = await trainers.use((trainer) =>
    trainer.train({
      parameters: globalParameters(model),
      dataset,
      epochs,
      batchSize,
      learningRate,
      seed,
      ...signalOf(options),
    }),
  );
  return delta;
}

/** The validator of each party that has one. */
function withCollusion(
  references: Int16Array[],
  committee: readonly Client[],
  updates: readonly Int16Array[],
): Int16Array[] {
  const colluding = committee.findIndex(({ party }) => party.behaviour?.collude);
  if (colluding < 0 || references.length === 0) return references;
  return [committee[colluding]!.party.behaviour!.collude!(updates[colluding]!), ...references.slice(1)];
}

function valuesOf({ options, trainers, model }: World, updates: readonly Int16Array[]): Promise<number[]> {
  return shapleyValues(model, updates, async (parameters) => {
    const { loss } = await trainers.use((trainer) =>
      trainer.evaluate({ parameters, dataset: options.test, ...signalOf(options) }),
    );
    return -loss;
  });
}

function signalOf({ signal }: SimulationOptions): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
