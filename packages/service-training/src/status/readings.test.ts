import { describe, expect, it } from 'vitest';
import type { TrainingSettings } from '../config/settings.ts';
import type { Followed } from './followed.ts';
import { StatusView } from './status-view.ts';

const SIX = '0x00000000000000000000000000000000000000a6';
const NONE = '0x00000000000000000000000000000000000000a0';
const SILENT = '0x00000000000000000000000000000000000000af';

/** A node that follows no task; of one token the chain does not say the decimals. */
const training = {
  followed: () => [],
  tasksPaying: () => [],
  ports: {
    chain: {
      account: NONE,
      claimable: async (token: string) => (token === SIX ? 5n : 0n),
      async decimals(token: string) {
        if (token === SILENT) throw new Error('no answer');
        return token === SIX ? 6 : 0;
      },
    },
  },
  journal: {
    totals: () => [
      { token: SIX, rewards: 2_500_000n, fees: 1n, claimed: 0n },
      { token: NONE, rewards: 0n, fees: 0n, claimed: 0n },
    ],
  },
  budget: {
    staked: () =>
      new Map([
        [SIX, 3n],
        [SILENT, 4n],
      ]),
  },
} as unknown as Followed;

describe('what the metrics read of training', () => {
  it('every token with an amount has its own decimals, and none if the chain does not say them', async () => {
    const values = await new StatusView(training, {} as TrainingSettings).readings();
    expect(values.decimals).toEqual([
      { token: SIX, decimals: 6 },
      { token: NONE, decimals: 0 },
    ]);
    expect(values.earned.slice(0, 2)).toEqual([
      { token: SIX, kind: 'reward', amount: 2_500_000 },
      { token: SIX, kind: 'fee', amount: 1 },
    ]);
    expect(values.claimable).toContainEqual({ token: SIX, amount: 5 });
    expect(values.staked.map(({ amount }) => amount)).toEqual([3, 4]);
  });
});
