import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseDemoOptions, runDemo } from '@chorus/cli';
import { expect, it } from 'vitest';

const mnist = join(
  process.env.CHORUS_DATA ?? new URL('../../../shared/data', import.meta.url).pathname,
  'mnist',
);

it.skipIf(!existsSync(mnist))(
  'ten rounds on real digits reach 93 %, and a label flipper earns under 4 % (skipped without CHORUS_DATA)',
  async () => {
    const report = await runDemo(
      parseDemoOptions({
        nodes: '6',
        rounds: '10',
        data: mnist,
        split: 'iid',
        attack: 'label',
        attackers: '1',
        seed: '1',
        model: 'mlp',
      }),
      () => {},
      new AbortController().signal,
    );
    expect(report.data.test).toBe(10_000);
    expect(report.finalAccuracy).toBeGreaterThanOrEqual(0.93);
    expect(report.attackersShare).toBeLessThan(0.04);
    expect(report.rounds.map((r) => r.proof)).toEqual(Array(10).fill('ok'));
    expect(report.ledger.balanced).toBe(true);
    expect(report.modelOpensCommitment).toBe(true);
  },
);
