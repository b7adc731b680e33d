import { type Attack, namesOf } from '../config/attack-config.ts';
import type { EndedRound } from '../novelty/ended-rounds.ts';
import { predictAggregate } from './predict-aggregate.ts';

/** What an attacker knows before a round's updates close, as every node does. */
export interface PublicKnowledge {
  /** Ended rounds, the newest first; vectors as integers. */
  rounds: readonly EndedRound[];
  /** The settled model minus the initial one, in any unit. */
  way: ArrayLike<number>;
}

/** Scaled updates are clipped to the median norm, so a long one is as good as any. */
const SCALE_FACTOR = 20;
const SIGN_FACTOR = -3;
/** Xie, Koyejo and Gupta 2019: the negated mean, short enough not to stand out. */
const IPM_FACTOR = -0.5;
/**
 * Baruch, Baruch and Goldberg 2019 give the largest deviation that stays undetected; with few trainers it is zero.
 */
const LEAST_DEVIATION = 0.3;

/** True if the attacker skips the training once it has something to send instead. */
export function skipsTraining(attack: Attack | undefined, known: PublicKnowledge): boolean {
  return attack === 'free' || replayOf(attack, known) !== null;
}

/** Whether the attacker uses what others have sent in ended rounds. */
export function looksAround(attack: Attack | undefined): boolean {
  return attack !== undefined && LOOKERS.includes(attack);
}

const LOOKERS: readonly Attack[] = [
  'replay',
  'replay-reference',
  'replay-aggregate',
  'alie',
  'minmax',
  'ace',
];

/** The seed of training: names that send copies of one update train alike. */
export function trainingSeed(attack: Attack | undefined, seed: number): number {
  return namesOf(attack)?.kind === 'copies' ? 0 : seed;
}

export interface PoisonOptions {
  attack: Attack | undefined;
  known: PublicKnowledge;
  /** One unit of an update's integers. */
  scale: number;
  seed: number;
}

/**
 * The delta an attacker sends instead of its honest `delta`; deterministic by seed. Each is the published attack as
 * far
 * as one trainer can know what it needs: while the paper's attacker sees other honest updates of the same round,
 * this one uses those of the previous round, which are public.
 */
export function poisonDelta(delta: Float32Array, options: PoisonOptions): Float32Array {
  const { attack, known, scale, seed } = options;
  const replayed = replayOf(attack, known);
  if (replayed) return scaledTo(replayed, usualNorm(known) * scale);
  switch (attack) {
    case 'sign':
      return delta.map((x) => SIGN_FACTOR * x);
    case 'scale':
      return delta.map((x) => SCALE_FACTOR * x);
    case 'ipm':
      return delta.map((x) => IPM_FACTOR * x);
    case 'noise': {
      const deviation = norm(delta) / Math.sqrt(delta.length);
      const gaussian = gaussianStream(seed);
      return delta.map(() => deviation * gaussian());
    }
    case 'free': {
      const gaussian = gaussianStream(seed);
      return delta.map(() => 2 * scale * gaussian());
    }
    case 'alie':
      return alie(delta, lastUpdates(known), scale);
    case 'minmax':
      return minMax(delta, lastUpdates(known), scale);
    default:
      return delta;
  }
}

/** What the attacker sends without training; null if the attack trains, or there is nothing to send yet. */
function replayOf(attack: Attack | undefined, { rounds, way }: PublicKnowledge): ArrayLike<number> | null {
  const aggregates = rounds.flatMap((round) => (round.aggregate ? [round.aggregate] : []));
  switch (attack) {
    case 'replay':
      return norm(way) > 0 ? way : null;
    case 'replay-aggregate':
      return aggregates[0] ?? null;
    case 'ace':
      return predictAggregate(aggregates);
    case 'replay-reference': {
      const references = rounds.find((round) => round.references.length > 0)?.references;
      return references ? sumOf(references) : null;
    }
    default:
      return null;
  }
}

/** The newest updates that were sent. */
function lastUpdates({ rounds }: PublicKnowledge): Int16Array[] {
  const sent = rounds.map((round) => round.updates.flatMap(({ vector }) => (vector ? [vector] : [])));
  return sent.find((updates) => updates.length > 0) ?? [];
}

/** The median norm of the newest updates: what a trainer's update looks like. */
function usualNorm(known: PublicKnowledge): number {
  const norms = lastUpdates(known)
    .map(norm)
    .sort((a, b) => a - b);
  return norms[Math.floor((norms.length - 1) / 2)] ?? 2 ** 14;
}

/** Mean minus z deviations, entry by entry; its own update stands for the mean. */
function alie(delta: Float32Array, others: Int16Array[], scale: number): Float32Array {
  const n = others.length;
  if (n < 2) return delta;
  const supporters = Math.floor(n / 2 + 1) - 1;
  const z = Math.max(LEAST_DEVIATION, normalQuantile((n - 1 - supporters) / (n - 1)));
  const deviation = deviationOf(others);
  return delta.map((x, k) => x - z * deviation[k]! * scale);
}

/**
 * Shejwalkar and Houmansadr 2021: as far against the deviation as the largest distance between two honest updates
 * allows, found by halving.
 */
function minMax(delta: Float32Array, others: Int16Array[], scale: number): Float32Array {
  if (others.length < 2) return delta;
  const deviation = deviationOf(others);
  const size = norm(deviation) || 1;
  const own = Float64Array.from(delta, (x) => x / scale);
  const reach = Math.max(...others.flatMap((a, i) => others.slice(i + 1).map((b) => distance(a, b))));
  const pushed = (gamma: number) => own.map((x, k) => x - (gamma * deviation[k]!) / size);
  let gamma = 0;
  for (let step = reach; step > reach / 256; step /= 2) {
    const candidate = pushed(gamma + step);
    if (others.every((other) => distance(candidate, other) <= reach)) gamma += step;
  }
  return Float32Array.from(pushed(gamma), (x) => x * scale);
}

function deviationOf(vectors: Int16Array[]): Float64Array {
  return Float64Array.from(vectors[0]!, (_, k) => {
    const mean = vectors.reduce((sum, v) => sum + v[k]!, 0) / vectors.length;
    return Math.sqrt(vectors.reduce((sum, v) => sum + (v[k]! - mean) ** 2, 0) / vectors.length);
  });
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k]! - b[k]!) ** 2;
  return Math.sqrt(sum);
}

function sumOf(vectors: readonly Int16Array[]): Float64Array {
  return Float64Array.from(vectors[0]!, (_, k) => vectors.reduce((sum, v) => sum + v[k]!, 0));
}

function norm(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < vector.length; k++) sum += vector[k]! * vector[k]!;
  return Math.sqrt(sum);
}

function scaledTo(vector: ArrayLike<number>, length: number): Float32Array {
  const factor = length / (norm(vector) || 1);
  return Float32Array.from({ length: vector.length }, (_, k) => vector[k]! * factor);
}

/** The quantile p of the standard normal distribution (Winitzki's approximation, to two digits). */
function normalQuantile(p: number): number {
  const x = 2 * Math.min(0.999, Math.max(0.001, p)) - 1;
  const a = 0.147;
  const log = Math.log(1 - x * x);
  const half = 2 / (Math.PI * a) + log / 2;
  return Math.sign(x) * Math.SQRT2 * Math.sqrt(Math.sqrt(half * half - log / a) - half);
}

/** Standard normal numbers by Box-Muller over a 32-bit linear congruential generator; good enough to attack with. */
function gaussianStream(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
