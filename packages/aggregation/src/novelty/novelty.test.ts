import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gramMatrix } from '../arithmetic/gram.ts';
import { pieceOf, tensorBlocks } from './blocks.ts';
import { integersOf, publicDirection } from './direction.ts';
import { MAX_DIRECTIONS, noveltyVector } from './novelty.ts';

const D = 600;

/** Uniform numbers in (-1, 1), from a seed. */
function stream(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

const norm = (v: ArrayLike<number>) => Math.sqrt(Array.from(v).reduce((sum, x) => sum + x * x, 0));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, k) => sum + x * b[k]!, 0);
const scaledTo = (v: number[], length: number) => {
  const size = norm(v);
  return Int16Array.from(v, (x) => Math.max(-32767, Math.min(32767, Math.round((x * length) / size))));
};

/** A world in which everything points roughly one way, as late rounds do: public vectors and this round's references. */
function world(seed: number, count: number) {
  const random = stream(seed);
  const common = Array.from({ length: D }, random);
  const near = (share: number) => common.map((x) => x + share * random());
  const vectors = Array.from({ length: count }, (_, i) => {
    const size = 10 ** (1 + (i % 4));
    return Int32Array.from(near(0.5 + (i % 3)), (x) => Math.round(x * size));
  });
  const groups = [0, 1, 2].map(() => scaledTo(near(1.5), 2 ** 18));
  return { random, vectors, groups, directions: vectors.map((v) => publicDirection(v)!) };
}

/** The gate's numerator and denominator of an update: `6 <v, u>` and `<g, u>`. */
function gateOf(groups: readonly Int16Array[], v: Int32Array, u: Int16Array): number {
  const worth = groups.reduce((sum, g) => sum + dot(g, u), 0);
  if (worth <= 0) return 0;
  return Math.floor((256 * Math.min(6 * Math.max(0, dot(v, u)), worth)) / worth);
}

describe('noveltyVector', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 30 });

  it('noveltyVector is the sum of the groups if there are no public vectors', () => {
    const { groups } = world(1, 0);
    const v = noveltyVector({ groups, publicDirections: [] });
    expect(Array.from(v)).toEqual(Array.from(v, (_, k) => groups.reduce((sum, g) => sum + g[k]!, 0)));
  });

  it('noveltyVector has almost no component along any public vector', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 40 }), (seed, count) => {
        const { groups, vectors, directions } = world(seed, count);
        const v = noveltyVector({ groups, publicDirections: directions });
        const g = noveltyVector({ groups, publicDirections: [] });
        for (const p of vectors.filter((each) => norm(each) > 500)) {
          expect(Math.abs(dot(v, p)) / norm(g) / norm(p)).toBeLessThan(2e-3);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('noveltyVector closes the gate on mixtures of public vectors, even decayed, reversed or split by tensor', () => {
    const blocks = tensorBlocks([200, 7, 300, 93]);
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 30 }), (seed, count) => {
        const { random, groups, vectors, directions } = world(seed, count);
        const pieces = blocks.map((block) => publicDirection(pieceOf(vectors[0]!, block))!);
        const v = noveltyVector({ groups, publicDirections: [...directions, ...pieces] });
        const mixtures = [
          vectors.map(() => random()),
          vectors.map((_, i) => 0.5 ** i / norm(vectors[i]!)),
          vectors.map((_, i) => (random() > 0 ? 1 : -1) / norm(vectors[i]!)),
        ].map((weights) =>
          Array.from({ length: D }, (_, k) => vectors.reduce((sum, p, i) => sum + weights[i]! * p[k]!, 0)),
        );
        const byTensor = Array.from({ length: D }, () => 0);
        for (const block of blocks) {
          const factor = random();
          for (let k = block.from; k < block.to; k++) byTensor[k] = factor * vectors[0]![k]!;
        }
        for (const mixture of [...mixtures, byTensor]) {
          const u = scaledTo(mixture, 2 ** 16);
          const turned = u.map((x) => -x);
          // With a worth below a hundredth of its length, only rounding is left of it. Lengthening the row magnifies what
          // rounding leaves up to 16 times; the pay of a gate of 8 is below a millionth, (8 / 256)^4.
          const worth = groups.reduce((sum, g) => sum + dot(g, u), 0);
          fc.pre(Math.abs(worth) > 0.01 * norm(u) * norm(groups[0]!));
          expect(gateOf(groups, v, u)).toBeLessThanOrEqual(8);
          expect(gateOf(groups, v, turned)).toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 15, examples: [[946780424, 29]] },
    );
  });

  it('noveltyVector leaves the gate open for work that has a new part, and shuts it gradually for mixtures with it', () => {
    const { random, groups, vectors, directions } = world(7, 12);
    const v = noveltyVector({ groups, publicDirections: directions });
    const fresh = Array.from(
      { length: D },
      (_, k) => groups.reduce((sum, g) => sum + g[k]!, 0) + 4e5 * random(),
    );
    expect(gateOf(groups, v, scaledTo(fresh, 2 ** 16))).toBe(256);
    const old = Array.from(vectors[3]!, (x) => (x * norm(fresh)) / norm(vectors[3]!));
    const mixed = (part: number) =>
      gateOf(
        groups,
        v,
        scaledTo(
          fresh.map((x, k) => (1 - part) * x + part * old[k]!),
          2 ** 16,
        ),
      );
    expect(mixed(0.99)).toBeLessThan(mixed(0.9));
    expect(mixed(1)).toBeLessThanOrEqual(1);
  });

  it('noveltyVector does not depend on the order of the directions', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, count) => {
        const { random, groups, directions } = world(seed, count);
        const order = directions.map((p) => [random(), p] as const).sort(([a], [b]) => a - b);
        expect(noveltyVector({ groups, publicDirections: order.map(([, p]) => p) })).toEqual(
          noveltyVector({ groups, publicDirections: directions }),
        );
      }),
      { numRuns: 15 },
    );
  });

  it('noveltyVector is long enough to make the references themselves wholly new, within bounds', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 40 }), (seed, count) => {
        const { groups, directions } = world(seed, count);
        const g = noveltyVector({ groups, publicDirections: [] });
        const v = noveltyVector({ groups, publicDirections: directions });
        // In such a world enough is always left to stay within every bound.
        expect(dot(v, g) / dot(g, g)).toBeGreaterThan(0.98);
        expect(dot(v, g) / dot(g, g)).toBeLessThan(1.02);
      }),
      { numRuns: 15 },
    );
    const { groups } = world(11, 1);
    const g = noveltyVector({ groups, publicDirections: [] });
    // Nothing is left but the rounding of directions: it stays short.
    const v = noveltyVector({ groups, publicDirections: [publicDirection(g)!] });
    expect(norm(v)).toBeLessThan(0.01 * norm(g));
  });

  it('noveltyVector leaves honest work whole in a late round, most of whose references were public before', () => {
    const { random, groups } = world(13, 1);
    const g = Array.from(noveltyVector({ groups, publicDirections: [] }));
    const length = norm(g);
    const other = Array.from({ length: D }, () => random());
    // Nine tenths of the references' length, and more of their new part.
    const past = g.map((x, k) => x / length + (0.4 * other[k]!) / norm(other));
    const v = noveltyVector({ groups, publicDirections: [publicDirection(scaledTo(past, 2 ** 18))!] });
    const honest = scaledTo(
      g.map((x) => x + 3 * length * (random() / Math.sqrt(D / 3))),
      2 ** 16,
    );
    expect(gateOf(groups, v, honest)).toBe(256);
    expect(gateOf(groups, v, scaledTo(past, 2 ** 16))).toBeLessThanOrEqual(1);
  });

  it('noveltyVector is, except for its length, the integer vector nearest to the solution in floats', () => {
    const { groups, directions } = world(3, 2);
    const v = noveltyVector({ groups, publicDirections: directions });
    const [p, q] = directions as [Int16Array, Int16Array];
    const g = Array.from({ length: D }, (_, k) => groups.reduce((sum, x) => sum + x[k]!, 0));
    const [a, b, c] = [dot(p, p), dot(p, q), dot(q, q)];
    const [x, y] = [dot(p, g), dot(q, g)];
    const [aa, cc] = [a * (1 + 2 ** -20), c * (1 + 2 ** -20)];
    const determinant = aa * cc - b * b;
    const [s, t] = [(x * cc - y * b) / determinant, (aa * y - b * x) / determinant];
    const exact = g.map((entry, k) => entry - s * p[k]! - t * q[k]!);
    const scale = Math.floor((256 * dot(g, g)) / dot(exact, exact)) / 256;
    for (let k = 0; k < D; k++) {
      // The scale is of the rounded row, one step of it at most from that of the exact one.
      expect(Math.abs(v[k]! - scale * exact[k]!)).toBeLessThan(
        0.51 * scale + 0.51 + Math.abs(exact[k]!) / 256,
      );
    }
  });

  it('noveltyVector accepts repeated directions, no directions, and the most directions allowed', () => {
    const { groups, directions } = world(5, 1);
    const once = noveltyVector({ groups, publicDirections: directions });
    const many = noveltyVector({
      groups,
      publicDirections: [...Array(MAX_DIRECTIONS - 1).fill(directions[0]), new Int16Array(D)],
    });
    for (let k = 0; k < D; k++) expect(Math.abs(once[k]! - many[k]!)).toBeLessThanOrEqual(1);
    expect(() =>
      noveltyVector({ groups, publicDirections: Array(MAX_DIRECTIONS + 1).fill(directions[0]) }),
    ).toThrowError(expect.objectContaining({ code: 'E_NOVELTY_INPUT' }));
  });

  it('noveltyVector keeps its direction if one entry is much larger than the others', () => {
    const groups = [0, 1, 2].map(() =>
      Int32Array.from({ length: 8 }, (_, k) => (k === 0 ? 5 * 32_767 : k === 1 ? 300_000 : 40 * k)),
    );
    const p = publicDirection(Int32Array.of(0, 1000, 0, 0, 0, 0, 0, 0))!;
    const v = noveltyVector({ groups, publicDirections: [p] });
    // Lengthened as far as the first entry allows; the others in proportion.
    const scale = v[0]! / (3 * 5 * 32_767);
    expect(scale).toBeGreaterThan(1.2);
    expect(Math.abs(v[0]!)).toBeLessThan(2 ** 20);
    for (let k = 2; k < 8; k++) expect(Math.abs(v[k]! - 3 * 40 * k * scale)).toBeLessThan(2);
  });

  it('noveltyVector gives a valid row of a Gram matrix, even for references with one parameter', () => {
    const groups = [0, 1, 2].map(() => Int32Array.from({ length: 8 }, (_, k) => (k === 0 ? 5 * 32767 : 0)));
    const p = publicDirection(Int32Array.of(1000, 999, 0, 0, 0, 0, 0, 0))!;
    const q = publicDirection(Int32Array.of(-1000, 1001, 0, 0, 0, 0, 0, 0))!;
    expect(() => gramMatrix([noveltyVector({ groups, publicDirections: [p] })])).not.toThrow();
    expect(() => gramMatrix([noveltyVector({ groups, publicDirections: [p, q] })])).not.toThrow();
  });
});

describe('publicDirection', () => {
  it('publicDirection has norm 2^18 for every vector', () => {
    for (const size of [3, 1e4, 2 ** 40]) {
      const random = stream(size);
      const p = publicDirection(Float64Array.from({ length: D }, () => Math.round(size * random())))!;
      expect(Math.abs(norm(p) / 2 ** 18 - 1)).toBeLessThan(1e-3);
    }
  });

  it('publicDirection is shortened, and keeps its direction, if an entry would leave int16', () => {
    const v = Float64Array.from({ length: D }, (_, k) => (k === 5 ? -1e9 : 1e6));
    const p = publicDirection(v)!;
    expect(p[5]).toBe(-32767);
    expect(dot(p, v) / norm(p) / norm(v)).toBeGreaterThan(0.9999);
  });

  it('publicDirection is null for a zero vector, and refuses entries that are not integers', () => {
    expect(publicDirection(new Int16Array(4))).toBeNull();
    expect(() => publicDirection(Float64Array.of(1, Number.NaN))).toThrowError(
      expect.objectContaining({ code: 'E_NOVELTY_INPUT' }),
    );
    expect(() => publicDirection(Float64Array.of(1, 2 ** 54))).toThrowError(
      expect.objectContaining({ code: 'E_NOVELTY_INPUT' }),
    );
  });
});

describe('integersOf', () => {
  it('integersOf multiplies the numbers by one power of two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -8, max: 8 }), { minLength: 1 }),
        (numbers) => {
          const values = Float32Array.from(numbers);
          const integers = integersOf(values);
          const largest = Math.max(...values.map(Math.abs));
          fc.pre(largest > 1e-30);
          expect(Math.max(...integers.map(Math.abs))).toBeGreaterThanOrEqual(2 ** 30);
          const at = values.findIndex((x) => Math.abs(x) === largest);
          const power = integers[at]! / values[at]!;
          expect(Number.isInteger(Math.log2(power))).toBe(true);
          for (const [k, x] of values.entries()) {
            expect(Number.isInteger(integers[k])).toBe(true);
            expect(Math.abs(integers[k]! - x * power)).toBeLessThan(1);
          }
        },
      ),
    );
  });
});

describe('tensorBlocks', () => {
  it('tensorBlocks gives every tensor its own block if there are at most eight', () => {
    expect(tensorBlocks([2, 3])).toEqual([
      { from: 0, to: 2 },
      { from: 2, to: 5 },
    ]);
  });
  it('tensorBlocks joins the smallest neighbours of more than eight tensors, and loses no entry', () => {
    const blocks = tensorBlocks([100, 1, 1, 100, 50, 50, 7, 8, 9, 1000]);
    expect(blocks).toHaveLength(8);
    expect(blocks.map((b) => b.to - b.from)).toEqual([100, 2, 100, 50, 50, 15, 9, 1000]);
    for (const [i, block] of blocks.entries()) expect(block.from).toBe(blocks[i - 1]?.to ?? 0);
  });
});
