import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSplit, type Split, splitIndices } from './split.ts';

const splits: fc.Arbitrary<Split> = fc.oneof(
  fc.constant({ kind: 'iid' } as const),
  fc.constantFrom(0.001, 0.05, 0.5, 5, 1e6).map((alpha) => ({ kind: 'dirichlet', alpha }) as const),
  fc.integer({ min: 1, max: 4 }).map((perNode) => ({ kind: 'shards', perNode }) as const),
);

describe('splitIndices', () => {
  it('splitIndices gives every index to exactly one node and leaves no node empty', () => {
    fc.assert(
      fc.property(
        splits,
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 48, maxLength: 300 }),
        fc.integer(),
        (split, nodes, labels, seed) => {
          const parts = splitIndices(Int32Array.from(labels), nodes, split, seed);
          expect(parts).toHaveLength(nodes);
          expect(parts.every((part) => part.length > 0)).toBe(true);
          const all = parts.flatMap((part) => Array.from(part)).sort((a, b) => a - b);
          expect(all).toEqual(labels.map((_, i) => i));
        },
      ),
    );
  });

  it('splitIndices gives equal splits for equal seeds and others for another seed', () => {
    const labels = Int32Array.from({ length: 500 }, (_, i) => i % 10);
    for (const text of ['iid', 'dirichlet:0.5', 'shards:2']) {
      const split = parseSplit(text);
      expect(splitIndices(labels, 7, split, 3)).toEqual(splitIndices(labels, 7, split, 3));
      expect(splitIndices(labels, 7, split, 3)).not.toEqual(splitIndices(labels, 7, split, 4));
    }
  });

  const labels = Int32Array.from({ length: 5000 }, (_, i) => i % 10);
  const classesOf = (part: Uint32Array) => new Set(Array.from(part, (i) => labels[i]!)).size;

  it('splitIndices gives equal parts with all classes for iid', () => {
    const parts = splitIndices(labels, 7, { kind: 'iid' }, 1);
    expect(Math.max(...parts.map((p) => p.length)) - Math.min(...parts.map((p) => p.length))).toBeLessThan(2);
    expect(parts.every((part) => classesOf(part) === 10)).toBe(true);
  });

  it('splitIndices gives each node about as many classes as shards', () => {
    const parts = splitIndices(labels, 10, { kind: 'shards', perNode: 2 }, 1);
    // Pieces line up with classes here, so two pieces are at most two classes.
    expect(parts.every((part) => classesOf(part) <= 2 && part.length === 500)).toBe(true);
  });

  it('splitIndices makes nodes more unlike for smaller alpha', () => {
    const spread = (alpha: number) => {
      const parts = splitIndices(labels, 10, { kind: 'dirichlet', alpha }, 1);
      const shares = parts.flatMap((part) =>
        Array.from({ length: 10 }, (_, c) => Array.from(part).filter((i) => labels[i] === c).length / 500),
      );
      return shares.reduce((sum, share) => sum + (share - 0.1) ** 2, 0) / shares.length;
    };
    // Variance of one Dirichlet component with n = 10 equal alphas: (1/10)(9/10)/(10 alpha + 1).
    expect(spread(0.1)).toBeGreaterThan(spread(1));
    expect(spread(1)).toBeGreaterThan(spread(100));
    for (const alpha of [0.5, 1, 10]) expect(spread(alpha) / (0.09 / (10 * alpha + 1))).toBeCloseTo(1, 0);
  });

  it('splitIndices refuses more nodes or shards than samples', () => {
    const few = Int32Array.of(0, 1, 0);
    const refused = expect.objectContaining({ code: 'E_SPLIT' });
    expect(() => splitIndices(few, 4, { kind: 'iid' }, 1)).toThrow(refused);
    expect(() => splitIndices(few, 2, { kind: 'shards', perNode: 2 }, 1)).toThrow(refused);
    expect(() => splitIndices(few, 0, { kind: 'iid' }, 1)).toThrow(refused);
  });
});

describe('parseSplit', () => {
  it('parseSplit reads the three kinds', () => {
    expect(parseSplit('iid')).toEqual({ kind: 'iid' });
    expect(parseSplit(' dirichlet:0.5 ')).toEqual({ kind: 'dirichlet', alpha: 0.5 });
    expect(parseSplit('shards:2')).toEqual({ kind: 'shards', perNode: 2 });
  });

  it.each([
    '',
    'IID',
    'iid:1',
    'dirichlet',
    'dirichlet:',
    'dirichlet:0',
    'dirichlet:-1',
    'dirichlet:x',
    'dirichlet:Infinity',
    'shards:0',
    'shards:1.5',
    'shards:2:3',
    'random',
  ])('parseSplit refuses "%s" and says what is known', (text) => {
    expect(() => parseSplit(text)).toThrow(
      expect.objectContaining({ code: 'E_SPLIT', hint: expect.stringContaining('dirichlet:ALPHA') }),
    );
  });
});
