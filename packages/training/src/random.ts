import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A stream of pseudorandom numbers: xoroshiro128+ of `pure-rand`. Equal seeds give equal streams on every
 * machine. Not for secrets.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  float(): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
  /**
   * Mean 0, variance 1, bounded by +-3.47: the sum of four uniforms (Irwin-Hall). Only additions, so that it
   * is the same on every machine, which the standard does not promise of `Math.log` and `Math.cos`.
   */
  bell(): number;
  /** Standard normal by Marsaglia's polar method; may differ in the last bit between JavaScript engines. */
  normal(): number;
}

/**
 * Finaliser of MurmurHash3: neighbouring seeds become unrelated, which xoroshiro's own seeding does not do.
 * @see https://github.com/aappleby/smhasher (MurmurHash3, public domain)
 */
function mix(seed: number): number {
  let h = seed | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * The stream of `seed` (any integer up to 2^53) and, for independent streams of one seed, of `path`.
 *
 * @example
 * const shuffleOfEpoch3 = random(seed, 3);
 */
export function random(seed: number, ...path: number[]): Random {
  let state = mix(Math.floor(seed / 0x100000000) ^ 0x2545f491) ^ mix(seed);
  for (const step of path) state = mix(Math.imul(state, 31) + 0x9e3779b9 + mix(step));
  const generator = xoroshiro128plus(state);
  for (let i = 0; i < 8; i++) generator.next(); // the first outputs still show the seed
  const float = () => uniformFloat64(generator);
  return {
    float,
    between: (from, to) => from + (to - from) * float(),
    below: (n) => uniformInt(generator, 0, n - 1),
    bell: () => (float() + float() + float() + float() - 2) * SQRT3,
    normal: polarNormals(float),
  };
}

/**
 * Standard normal numbers by Marsaglia's polar method.
 * @param uniform in [0, 1): its resolution bounds the tails, 53 bits those beyond 8 deviations
 */
export function polarNormals(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const s = x * x + y * y;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        spare = y * factor;
        return x * factor;
      }
    }
  };
}

/** The variance of one uniform is 1/12, of four 1/3. */
const SQRT3 = Math.sqrt(3);

/** Fisher-Yates, in place; returns its argument. */
export function shuffle<T extends Uint32Array | number[]>(items: T, stream: Random): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const other = items[j]!;
    items[j] = items[i]!;
    items[i] = other;
  }
  return items;
}

/** 0, 1, ..., count - 1 in random order. */
export function permutation(count: number, stream: Random): Uint32Array {
  return shuffle(
    Uint32Array.from({ length: count }, (_, i) => i),
    stream,
  );
}
