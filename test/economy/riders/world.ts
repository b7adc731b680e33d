import {
  aggregate,
  gramMatrix,
  noveltyVector,
  publicSpan,
  ruleById,
  sumGroups,
  sumReferences,
} from '@chorus/aggregation';
import { SHARE_ONE } from '@chorus/protocol';
import {
  applyAggregate,
  buildModel,
  createGlobalModel,
  createTrainer,
  type Dataset,
  type GlobalModel,
  globalParameters,
  quantise,
  quantiseReference,
  type Split,
  splitIndices,
  subset,
  type Trainer,
} from '@chorus/training';
import { type PublicKnowledge, poisonDelta } from '../../../packages/node/src/attacks/vectors.ts';
import { type EndedRound, publicVectors } from '../../../packages/node/src/novelty/ended-rounds.ts';

/** What the one rider, the last trainer, sends instead of honest work. */
export type Ride =
  | 'honest'
  /** The sum of the last opened references (A07), the last aggregate, the way so far, a prediction. */
  | 'replay-reference'
  | 'replay-aggregate'
  | 'replay'
  | 'ace'
  /** Seven parts of the last references and three of its own honest update. */
  | 'mixture'
  /** All references so far, each round's half as much as the next one's. */
  | 'decayed'
  /** One validator's last reference. */
  | 'one reference'
  /** The references of the round before, which was void: same model, same held-out data (A06). */
  | 'void'
  /** Noise, with a validator of its own that seals that very vector as its reference (A05). */
  | 'whisper';

export interface LoopOptions {
  rule: 'reference-trust' | 'reference-projection';
  data: Dataset;
  split: Split;
  ride: Ride;
  seed: number;
  rounds: number;
  /** Honest trainers; the rider is one more. */
  honest: number;
  /** Samples of each trainer and of each validator. */
  samples: number;
  localEpochs: number;
  /** Opened references stay closed until the task ends: nobody can send them, and they are not in the span. */
  withheld?: boolean;
  test?: Dataset;
}

export interface LoopResult {
  /** Of all shares, from the second settled round on: in the first there is nothing to ride on. */
  rider: number;
  /** The mean of the honest trainers'. */
  honest: number;
  /** On the test data after the last round. */
  accuracy: number;
  /** Of the honest trainers, by round: the mean gate of 256; null under a rule without one. */
  gates: (number | null)[];
}

const SCALE = 2 ** -14;
const VALIDATORS = 3;
/** Batches and rate of the demo. */
const RECIPE = { batchSize: 10, learningRate: 0.1 };
/** Every second round is void where the rider waits for that. */
const isVoid = (ride: Ride, round: number) => ride === 'void' && round % 2 === 0;

/** A task in one process with real training, the real rule and a real model, without a network or a chain. */
export async function closedLoop(options: LoopOptions): Promise<LoopResult> {
  const { data, split, seed, honest, samples, rounds, ride, rule } = options;
  const model = buildModel('mlp', { inputShape: data.inputShape, classes: data.classes, seed });
  const trainer = await createTrainer({
    model,
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
  });
  try {
    const names = honest + 1;
    const held = subset(data, range(0, VALIDATORS * samples));
    const pool = subset(data, range(VALIDATORS * samples, (VALIDATORS + names) * samples));
    const validators = cut(held, { kind: 'iid' }, VALIDATORS, seed);
    const trainers = cut(pool, split, names, seed);
    const world: World = { options, trainer, trainers, validators, model: newModel(trainer), ended: [] };
    const earned = new Array<number>(names).fill(0);
    const gates: (number | null)[] = [];
    for (let round = 1; round <= rounds; round++) {
      const { shares, gate } = await playRound(world, round);
      gates.push(gate);
      if (round > 1 && !isVoid(ride, round)) {
        for (const [i, share] of shares.entries()) earned[i]! += share / SHARE_ONE;
      }
    }
    const all = earned.reduce((sum, x) => sum + x, 0) || 1;
    const rider = earned[honest]! / all;
    const evaluated = options.test
      ? await trainer.evaluate({ parameters: globalParameters(world.model), dataset: options.test })
      : null;
    return {
      rider,
      honest: (1 - rider) / honest,
      accuracy: evaluated?.accuracy ?? Number.NaN,
      gates: rule === 'reference-trust' ? [] : gates,
    };
  } finally {
    await trainer.close();
  }
}

interface World {
  options: LoopOptions;
  trainer: Trainer;
  trainers: Dataset[];
  validators: Dataset[];
  model: GlobalModel;
  /** Newest first. */
  ended: EndedRound[];
}

async function playRound(world: World, round: number) {
  const { options, trainer, model, ended } = world;
  const { rule, ride, honest, withheld } = options;
  const honestUpdates: Int16Array[] = [];
  for (const [i, dataset] of world.trainers.entries()) {
    if (i === honest && !TRAINS.includes(ride)) continue;
    honestUpdates.push(quantise(await localDelta(world, dataset, round, i), SCALE).vector);
  }
  const references: Int16Array[] = [];
  for (const [i, dataset] of world.validators.entries()) {
    references.push(quantiseReference(await localDelta(world, dataset, round, 100 + i)));
  }
  const known = withheld ? ended.map((each) => ({ ...each, references: [] })) : ended;
  const own = honestUpdates[honest] ?? new Int16Array(trainer.dimension);
  const ridden = rideOf(ride, { rounds: known, way: model.sum }, own, options.seed * 100 + round);
  const updates = [...honestUpdates.slice(0, honest), ridden];
  if (ride === 'whisper') references[0] = quantiseReference(Float32Array.from(ridden));

  const counted = references.map((vector, index) => ({ index, vector }));
  const groups = sumGroups(counted, VALIDATORS, trainer.dimension);
  const tensors = trainer.parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const publicDirections = known.length > 0 ? publicSpan(publicVectors(known, model, tensors)) : [];
  const head =
    rule === 'reference-trust'
      ? [sumReferences(references)]
      : [...groups, noveltyVector({ groups, publicDirections })];
  const { weights, shares, explanation } = ruleById(rule).apply(gramMatrix([...head, ...updates]));
  const total = isVoid(ride, round) || weights.every((w) => w === 0) ? null : aggregate(updates, weights);
  if (total) applyAggregate(model, total);
  ended.unshift({
    round,
    aggregate: total,
    references,
    updates: updates.map((vector, index) => ({ trainer: index, vector })),
  });
  const gates =
    explanation.rule === 'reference-projection'
      ? explanation.rows.slice(0, honest).flatMap((row) => (row.eligible ? [row.gate] : []))
      : [];
  return { shares, gate: gates.length > 0 ? gates.reduce((a, b) => a + b) / gates.length : null };
}

/** Rides for which the rider trains as well, or has nothing to ride on in the first round. */
const TRAINS: readonly Ride[] = [
  'honest',
  'mixture',
  'replay-reference',
  'replay-aggregate',
  'replay',
  'ace',
  'decayed',
  'one reference',
  'void',
];

/** What the rider sends; its own honest update where there is nothing to ride on yet. */
function rideOf(ride: Ride, known: PublicKnowledge, own: Int16Array, seed: number): Int16Array {
  const past = known.rounds.map((round) => round.references).filter((references) => references.length > 0);
  const length = norm(own);
  const send = (vector: ArrayLike<number> | null) =>
    vector
      ? Int16Array.from({ length: own.length }, (_, k) => clamp((vector[k]! * length) / norm(vector)))
      : own;
  const last = past[0] ? sumReferences(past[0]) : null;
  switch (ride) {
    case 'honest':
      return own;
    case 'mixture':
      return last
        ? send(Float64Array.from(own, (x, k) => 0.3 * (x / length) + 0.7 * (last[k]! / norm(last))))
        : own;
    case 'decayed':
      return past.length === 0
        ? own
        : send(
            past
              .map((references) => sumReferences(references))
              .reduce<Float64Array>(
                (sum, vector, age) => sum.map((x, k) => x + 0.5 ** age * vector[k]!),
                new Float64Array(own.length),
              ),
          );
    case 'one reference':
      return send(past[0]?.at(-1) ?? null);
    case 'void': {
      // Only what it has of a void round just before; else it works.
      const before = known.rounds[0];
      return before && !before.aggregate ? send(last) : own;
    }
    case 'whisper': {
      const noise = poisonDelta(new Float32Array(own.length), { attack: 'free', known, scale: SCALE, seed });
      return Int16Array.from(noise, (x) => clamp((x / SCALE) * 100));
    }
    default: {
      const delta = Float32Array.from(own, (x) => x * SCALE);
      return quantise(poisonDelta(delta, { attack: ride, known, scale: SCALE, seed }), SCALE).vector;
    }
  }
}

async function localDelta(world: World, dataset: Dataset, round: number, who: number): Promise<Float32Array> {
  const { trainer, model, options } = world;
  const epochs = who < 100 ? options.localEpochs : Math.ceil(2.5 * options.localEpochs);
  const { delta } = await trainer.train({
    ...RECIPE,
    parameters: globalParameters(model),
    dataset,
    epochs,
    seed: options.seed * 1_000_003 + round * 1009 + who,
  });
  return delta;
}

function newModel(trainer: Trainer): GlobalModel {
  return createGlobalModel(trainer.initial, SCALE);
}

function cut(data: Dataset, split: Split, parts: number, seed: number): Dataset[] {
  return splitIndices(data.labels, parts, split, seed).map((indices) => subset(data, indices));
}

function range(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, k) => from + k);
}

function norm(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < vector.length; k++) sum += vector[k]! * vector[k]!;
  return Math.sqrt(sum) || 1;
}

const clamp = (x: number) => Math.max(-32767, Math.min(32767, Math.round(x)));
