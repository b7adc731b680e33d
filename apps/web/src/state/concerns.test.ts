import type { Status } from '@chorus/admin-api';
import { expect, it } from 'vitest';
import { concernsOf } from './concerns.ts';

const well = {
  paused: [],
  warnings: [],
  chain: { reachable: true, gasBalance: '1' },
  network: { peers: 3 },
} as unknown as Status;

it('a node that is well needs nothing', () => {
  expect(concernsOf(well)).toEqual([]);
});

it('what stops the node comes first, then its warnings with their time', () => {
  const paused = { code: 'E_LIMIT_HOURS', message: 'not now', hint: 'wait' };
  const warning = { code: 'E_X', message: 'x', hint: null, count: 2, firstAt: 'a', lastAt: 'b' };
  const concerns = concernsOf({
    ...well,
    paused: [paused],
    warnings: [warning],
    chain: { ...well.chain, reachable: false, gasBalance: '0' },
    network: { ...well.network, peers: 0 },
  });
  expect(concerns.map(({ code, at }) => [code, at])).toEqual([
    ['E_LIMIT_HOURS', null],
    ['E_CHAIN_UNREACHABLE', null],
    ['no peers', null],
    ['no gas', null],
    ['E_X', 'b'],
  ]);
});
