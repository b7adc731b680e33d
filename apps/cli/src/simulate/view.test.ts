import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { SimulateOptions } from './options.ts';
import type { SimulatedRun } from './run.ts';
import { summaryOf } from './view.ts';

const party = (name: string, share: number, gate: number | null = null) => ({
  party: name,
  clients: 3,
  share,
  relative: share * 2,
  gate,
});

const run = (change: Record<string, unknown> = {}, seed = 1): SimulatedRun =>
  ({
    seed,
    shapley: null,
    baseline: null,
    outcome: {
      accuracy: 0.9,
      rounds: 10,
      voidRounds: 0,
      parties: [party('honest', 0.8), party('sign-flip', 0)],
    },
    ...change,
  }) as unknown as SimulatedRun;

const summary = (...runs: SimulatedRun[]) =>
  stripVTControlCharacters(summaryOf({ seeds: runs.map(({ seed }) => seed) } as SimulateOptions, runs));

describe('the summary of simulations', () => {
  it('has the accuracy of each seed, and what was asked for besides', () => {
    expect(summary(run())).toContain('seed 1: accuracy 90.0 %\n');
    const asked = run({ baseline: 0.95, shapley: 0.876 });
    expect(summary(asked)).toContain(
      'seed 1: accuracy 90.0 %, federated averaging without attackers 95.0 %, rank correlation of pay with Shapley values 0.88',
    );
  });

  it('counts rounds that were void', () => {
    const outcome = { ...run().outcome, voidRounds: 2 };
    expect(summary(run({ outcome }))).toContain('2 of 10 rounds void');
  });

  it('has a row for each party, with the means of several seeds', () => {
    const other = run(
      { outcome: { ...run().outcome, parties: [party('honest', 0.6), party('sign-flip', 0.1)] } },
      2,
    );
    const text = summary(run(), other);
    expect(text).toContain('Means of 2 seeds:');
    expect(text).toMatch(/honest +│ +3 │ +70\.0 % │ +140\.0 %/);
    expect(text).toMatch(/sign-flip +│ +3 │ +5\.0 %/);
  });

  it('explains the gate only if the rule has one, and leaves it open for a party without rounds', () => {
    expect(summary(run())).not.toContain('gate');
    const parties = [party('honest', 1, 256), party('idle', 0, null)];
    const text = summary(run({ outcome: { ...run().outcome, parties } }));
    expect(text).toMatch(/honest .*100\.0 % +│$/m);
    expect(text).toMatch(/idle .*- +│$/m);
    expect(text).toContain('The gate is the part');
  });
});
