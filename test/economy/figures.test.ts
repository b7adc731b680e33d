import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ONE_NAME } from './figures/experiments.ts';
import {
  accuracy,
  blocks,
  correlation,
  Figures,
  fillPage,
  later,
  ofHonest,
  ofOneName,
  share,
} from './figures/page.ts';
import type { Result } from './figures/play.ts';
import { ratedBy } from './figures/ratings.ts';

const docs = (name: string): string =>
  readFileSync(new URL(`../../docs/explain/${name}`, import.meta.url), 'utf8');
const results = JSON.parse(docs('economics.json')) as Result[];
const figures = new Figures(results);

/** Those that have nothing of their own to send. */
const RIDERS = ['replay', 'replay-aggregate', 'replay-reference', 'one reference', 'ace'];
const CRUDE = ['label', 'sign', 'noise', 'free'];

/** `pnpm economics FOLDER` makes the results; these are the sentences of the page about them. */
describe('docs/explain/economics.md', () => {
  it('holds the results, every experiment for every split and seed of them', () => {
    const page = docs('economics.md');
    expect(fillPage(page, blocks(results))).toBe(page);
    const played = figures.seeds.length * figures.splits.length;
    for (const table of ['accuracy', 'attacks', 'names', 'effort', 'shapley'] as const) {
      for (const name of figures.names(table)) {
        const all = figures.splits.flatMap((split) => figures.values(table, name, split, accuracy));
        expect(all, name).toHaveLength(played);
      }
    }
  });

  it('a rating weighs what was paid for it, under one name or many, and slander costs what honest callers paid', () => {
    const [alone, split] = [1, 1_000].map((names) => ratedBy([{ tokens: 10, rating: 100, names }]).score);
    expect(split).toBe(alone);
    const honest = { tokens: 100, rating: 80 };
    const before = ratedBy([honest]).score;
    expect(before - ratedBy([honest, { tokens: 1, rating: 0 }]).score).toBeLessThan(1);
    // Half of the way to nothing takes as much as all honest callers paid.
    expect(ratedBy([honest, { tokens: 99, rating: 0 }]).score).toBeGreaterThan(before / 2);
  });

  describe.each(figures.splits)('%s', (split) => {
    it('the rule learns as well as federated averaging', () => {
      const fedavg = figures.mean('accuracy', 'fedavg', split, accuracy);
      expect(figures.mean('accuracy', 'reference-projection', split, accuracy)).toBeGreaterThan(
        fedavg - 0.015,
      );
    });

    it.each(RIDERS)('%s earns nothing from the second round on', (name) => {
      expect(figures.mean('attacks', name, split, later(name))).toBeLessThan(0.001);
    });

    it.each(CRUDE)('%s earns less than a hundredth', (name) => {
      expect(figures.mean('attacks', name, split, share(name))).toBeLessThan(0.01);
    });

    it('several names earn at most 1.8 times what the party earns under one', () => {
      for (const name of figures.names('names').filter((each) => each !== ONE_NAME)) {
        expect(ofOneName(figures, name, split), name).toBeLessThan(1.8);
      }
    });

    it('a mixture with old references earns less than a third of an honest trainer', () => {
      expect(figures.mean('attacks', 'mixture', split, ofHonest('mixture'))).toBeLessThan(1 / 3);
    });

    it('replayed references raise the accuracy, replayed aggregates lower it', () => {
      const without = figures.mean('accuracy', 'reference-projection', split, accuracy);
      expect(figures.mean('attacks', 'replay-reference', split, accuracy)).toBeGreaterThan(without);
      expect(figures.mean('attacks', 'replay-aggregate', split, accuracy)).toBeLessThan(without);
    });

    it.each(['alie', 'minmax'])('%s earns a tenth to all of what an honest trainer does', (name) => {
      const earned = figures.mean('attacks', name, split, ofHonest(name));
      expect(earned).toBeGreaterThan(0.1);
      expect(earned).toBeLessThan(1.1);
    });

    it('the goals that are said to be missed are', () => {
      expect(figures.mean('attacks', 'alie', split, share('alie'))).toBeGreaterThan(0.05);
      expect(figures.mean('shapley', 'reference-projection', split, correlation)).toBeLessThan(0.8);
    });
  });

  it('and on IID data several names earn less than one, half of the data less than half', () => {
    for (const name of figures.names('names').filter((each) => each !== ONE_NAME)) {
      expect(ofOneName(figures, name, 'iid'), name).toBeLessThan(1);
    }
    expect(figures.mean('effort', 'parts of the data', 'iid', ofHonest('half'))).toBeLessThan(0.5);
  });
});
