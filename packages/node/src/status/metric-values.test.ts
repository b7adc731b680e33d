import { describe, expect, it } from 'vitest';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import { metricValues } from './metric-values.ts';

const SIX = '0x00000000000000000000000000000000000000a6';
const NONE = '0x00000000000000000000000000000000000000a0';
const SILENT = '0x00000000000000000000000000000000000000af';

/** A node that follows no task; of one token the chain does not say the decimals. */
const node = {
  followed: () => [],
  ports: {
    network: { peers: () => [] },
    chain: {
      async decimals(token: string) {
        if (token === SILENT) throw new Error('no answer');
        return token === SIX ? 6 : 0;
      },
    },
  },
  journal: { totals: () => [{ token: SIX, rewards: 2_500_000n, fees: 1n, claimed: 0n }] },
  resources: { disk: { usedBytes: 1 }, pauses: () => [] },
} as unknown as ChorusNode;

describe('the values of the metrics', () => {
  it('every token with an amount has its own decimals, and none if the chain does not say them', async () => {
    const values = await metricValues({
      node,
      head: { height: 1, at: 0 } as never,
      details: null,
      staked: [
        { token: SIX, amount: '3' },
        { token: SILENT, amount: '4' },
      ],
      claimable: [{ token: NONE, amount: '5' }],
    });
    expect(values.decimals).toEqual([
      { token: SIX, decimals: 6 },
      { token: NONE, decimals: 0 },
    ]);
    expect(values.earned).toEqual([
      { token: SIX, kind: 'reward', amount: 2_500_000 },
      { token: SIX, kind: 'fee', amount: 1 },
    ]);
    expect(values.staked.map(({ amount }) => amount)).toEqual([3, 4]);
  });
});
