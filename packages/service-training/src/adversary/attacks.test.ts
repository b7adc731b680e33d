import { syntheticDigits } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { ATTACKS, type Attack, attackSchema, describeAttack, namesOf } from '../config/attack-config.ts';
import type { EndedRound } from '../novelty/ended-rounds.ts';
import { poisonDataset } from './data.ts';
import { type PublicKnowledge, poisonDelta, skipsTraining, trainingSeed } from './vectors.ts';

const D = 40;
const SCALE = 2 ** -14;

function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
const random = stream(1);
const vector = (size: number) => Int16Array.from({ length: D }, () => Math.round(size * random()));
const norm = (v: ArrayLike<number>) => Math.sqrt(Array.from(v).reduce((sum, x) => sum + x * x, 0));
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, k) => sum + x * b[k]!, 0) / norm(a) / norm(b);

const ended = (round: number): EndedRound => ({
  round,
  aggregate: Int32Array.from(vector(30_000)),
  references: [vector(9000), vector(9000), vector(9000)],
  updates: [0, 1, 2, 3].map((trainer) => ({ trainer, vector: vector(3000) })),
});
const known: PublicKnowledge = { rounds: [4, 3, 2, 1].map(ended), way: Float64Array.from(vector(20_000)) };
const nothing: PublicKnowledge = { rounds: [], way: new Float64Array(D) };
/** Among the others, as an honest update is. */
const own = Float32Array.from({ length: D }, (_, k) => {
  const updates = known.rounds[0]!.updates;
  return (updates.reduce((sum, { vector: v }) => sum + v![k]!, 0) / updates.length) * SCALE;
});
const send = (attack: Attack, from = known) =>
  poisonDelta(own, { attack, known: from, scale: SCALE, seed: 1 });

describe('attacks', () => {
  it('attacks have a name and a description, and unknown names are refused', () => {
    for (const text of ATTACKS) {
      const attack = attackSchema.parse(text.replace('K', '3'));
      expect(describeAttack(attack).length).toBeGreaterThan(10);
    }
    for (const text of ['copies', 'copies:1', 'split:17', 'split:3x', 'kindness']) {
      expect(attackSchema.safeParse(text).success).toBe(false);
    }
    expect(namesOf('split:4')).toEqual({ kind: 'split', names: 4 });
    expect(namesOf('label')).toBeNull();
  });

  it.each<[Attack, ArrayLike<number>]>([
    ['replay', known.way],
    ['replay-aggregate', known.rounds[0]!.aggregate!],
    [
      'replay-reference',
      Float64Array.from({ length: D }, (_, k) =>
        known.rounds[0]!.references.reduce((sum, v) => sum + v[k]!, 0),
      ),
    ],
  ])('%s sends public vectors, as long as a usual update, and does not train', (attack, expected) => {
    const sent = send(attack);
    expect(cosine(sent, expected)).toBeGreaterThan(0.999);
    const norms = known.rounds[0]!.updates.map(({ vector: v }) => norm(v!)).sort((a, b) => a - b);
    expect(norm(sent) / SCALE / norms[1]!).toBeCloseTo(1, 3);
    expect(skipsTraining(attack, known)).toBe(true);
    expect(skipsTraining(attack, nothing)).toBe(false);
    expect(send(attack, nothing)).toEqual(own);
  });

  it('ace sends a combination of the last aggregates', () => {
    const [first, second, third] = known.rounds.map((round) => round.aggregate!) as [
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    let rest = Array.from(send('ace'));
    // What is left after Gram-Schmidt with the three.
    const basis: number[][] = [];
    for (const v of [first, second, third]) {
      let e = Array.from(v);
      for (const other of basis)
        e = e.map((x, k) => x - cosine(v, other) * norm(v) * (other[k]! / norm(other)));
      basis.push(e);
    }
    const size = norm(rest);
    for (const e of basis) {
      const part = cosine(rest, e) * norm(rest);
      rest = rest.map((x, k) => x - (part * e[k]!) / norm(e));
    }
    expect(norm(rest) / size).toBeLessThan(1e-3);
  });

  it('ipm and sign negate the update, scale makes it longer', () => {
    expect(cosine(send('ipm'), own)).toBeCloseTo(-1);
    expect(cosine(send('sign'), own)).toBeCloseTo(-1);
    expect(norm(send('scale')) / norm(own)).toBeCloseTo(20);
  });

  it('alie and min-max shift the update, and stay close to the others', () => {
    const others = known.rounds[0]!.updates.map(({ vector: v }) => v!);
    const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => norm(Array.from(a, (x, k) => x - b[k]!));
    const reach = Math.max(...others.flatMap((a) => others.map((b) => distance(a, b))));
    for (const attack of ['alie', 'minmax'] as const) {
      const sent = Array.from(send(attack), (x) => x / SCALE);
      expect(
        distance(
          sent,
          Array.from(own, (x) => x / SCALE),
        ),
      ).toBeGreaterThan(1);
      for (const other of others) expect(distance(sent, other)).toBeLessThanOrEqual(reach * 1.01);
    }
    expect(send('alie', nothing)).toEqual(own);
    expect(send('minmax', nothing)).toEqual(own);
  });

  it('copies train alike under every name; others do not', () => {
    expect(trainingSeed('copies:3', 7)).toBe(trainingSeed('copies:3', 8));
    expect(trainingSeed('split:3', 7)).not.toBe(trainingSeed('split:3', 8));
    expect(trainingSeed(undefined, 7)).toBe(7);
  });
});

describe('poisoned data', () => {
  const data = syntheticDigits({ seed: 1, count: 90 });

  it('split: neighbouring seeds hold all of it, each sample once', () => {
    const parts = [4, 5, 6].map((seed) => poisonDataset(data, 'split:3', seed));
    expect(parts.map((part) => part.count)).toEqual([30, 30, 30]);
    const labels = parts.flatMap((part) => Array.from(part.labels)).sort();
    expect(labels).toEqual(Array.from(data.labels).sort());
  });

  it('backdoor: a third carries a patch, and has class 0', () => {
    const poisoned = poisonDataset(data, 'backdoor', 1);
    const pixel = (sample: number) => poisoned.inputs[sample * 784 + 22 * 28 + 22];
    for (let i = 0; i < 30; i++) expect([pixel(i), poisoned.labels[i]]).toEqual([1, 0]);
    expect(poisoned.labels.subarray(30)).toEqual(data.labels.subarray(30));
    expect(poisoned.inputs.subarray(30 * 784)).toEqual(data.inputs.subarray(30 * 784));
  });

  it('label: every label is flipped; honest data stays unchanged', () => {
    const flipped = poisonDataset(data, 'label', 1);
    expect(Array.from(flipped.labels)).toEqual(Array.from(data.labels, (y) => 9 - y));
    expect(poisonDataset(data, undefined, 1)).toBe(data);
  });
});
