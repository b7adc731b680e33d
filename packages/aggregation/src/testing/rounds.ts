import { gramMatrix } from '../arithmetic/gram.ts';

/** Entries are rounded and kept within int16. */
const entry = (x: number): number => Math.max(-32767, Math.min(32767, Math.round(x)));

/** A vector of the references' one norm (2^18, or 8192 sqrt(d) for few dimensions) in this direction. */
export function referenceOf(direction: readonly number[]): number[] {
  const norm = Math.hypot(...direction);
  const length = Math.min(2 ** 18, 8192 * Math.sqrt(direction.length));
  return direction.map((x) => (norm === 0 ? 0 : entry((x / norm) * length)));
}

const sum = (vectors: readonly (readonly number[])[], dimension: number): number[] =>
  Array.from({ length: dimension }, (_, k) => vectors.reduce((total, v) => total + v[k]!, 0));

/** The novelty row if these public vectors, taken one by one, are the whole public span; rounded. */
export function noveltyOf(
  references: readonly number[],
  publicVectors: readonly (readonly number[])[],
): number[] {
  const basis: number[][] = [];
  const without = (v: readonly number[]): number[] =>
    basis.reduce<number[]>(
      (rest, b) => {
        const along = rest.reduce((s, x, k) => s + x * b[k]!, 0);
        return rest.map((x, k) => x - along * b[k]!);
      },
      [...v],
    );
  for (const p of publicVectors) {
    const rest = without(p);
    const norm = Math.hypot(...rest);
    if (norm > 1e-6) basis.push(rest.map((x) => x / norm));
  }
  return without(references).map(Math.round);
}

/**
 * The matrix of `reference-projection`: three groups of references, their novelty, the trainers.
 * @param references each group's references
 */
export function projectionGram(
  references: readonly (readonly (readonly number[])[])[],
  updates: readonly (readonly number[])[],
  publicVectors: readonly (readonly number[])[] = [],
): bigint[][] {
  const dimension = updates[0]?.length ?? 1;
  const groups = [0, 1, 2].map((k) => sum(references[k] ?? [], dimension));
  const novelty = noveltyOf(sum(groups, dimension), publicVectors);
  return gramMatrix([...groups, novelty, ...updates].map((v) => Int32Array.from(v)));
}

/**
 * A random round: three references that lean one way, trainers that lean there more or less (some away), one public
 * vector. Every number comes from `random`, in [0, 1).
 */
export function randomRound(
  random: () => number,
  trainers: number,
  dimension = 64,
): { references: number[][][]; updates: number[][]; publicVectors: number[][] } {
  const noise = () => Array.from({ length: dimension }, () => random() + random() + random() - 1.5);
  const signal = noise();
  const publicVector = noise();
  const mix = (...parts: [number, readonly number[]][]) =>
    Array.from({ length: dimension }, (_, k) => parts.reduce((s, [a, v]) => s + a * v[k]!, 0));
  const references = [0, 1, 2].map(() => [
    referenceOf(mix([1, signal], [0.6, noise()], [0.7 * random(), publicVector])),
  ]);
  const updates = Array.from({ length: trainers }, () => {
    const size = 2 ** (6 + 8 * random());
    const direction = mix([1.6 * random() - 0.2, signal], [1, noise()], [random() - 0.3, publicVector]);
    return direction.map((x) => entry(size * x));
  });
  return { references, updates, publicVectors: [publicVector] };
}
