import { describe, expect, it } from 'vitest';
import { type Conditions, conditions } from './conditions.ts';

const well: Conditions = {
  uptimeSeconds: 100,
  chainId: 56,
  wallet: '0x00000000000000000000000000000000000000aa',
  chain: { reachable: true, height: 9, time: 1_000, gasBalance: 10n ** 18n },
  lagSeconds: 3,
  limitedUntil: null,
  peers: 4,
  diskFreeBytes: 1e12,
};
const codes = (change: Partial<Conditions>) => conditions({ ...well, ...change }).map(({ code }) => code);

describe('the conditions of a node', () => {
  it('there are no conditions if all is well', () => {
    expect(conditions(well)).toEqual([]);
  });

  it('conditions name the problem and what to do', () => {
    expect(codes({ chain: { ...well.chain, reachable: false } })).toEqual(['E_CHAIN_UNREACHABLE']);
    const [away] = conditions({
      ...well,
      chain: { ...well.chain, reachable: false, fault: 'no chain answers: x' },
    });
    expect(away?.message).toBe('the chain does not answer: x');
    // That it does not answer then is its own doing.
    expect(codes({ chain: { ...well.chain, reachable: false }, limitedUntil: 5 })).toEqual([
      'E_CHAIN_LIMITED',
    ]);
    expect(codes({ lagSeconds: 1_000 })).toEqual(['E_CHAIN_STALE']);
    expect(codes({ peers: 0 })).toEqual(['E_NO_PEERS']);
    expect(codes({ diskFreeBytes: 1e6 })).toEqual(['E_DISK_LOW']);
    const [gas] = conditions({ ...well, chain: { ...well.chain, gasBalance: 0n } });
    expect(gas).toMatchObject({ code: 'E_GAS_LOW', hint: expect.stringContaining(well.wallet) });
  });

  it('conditions allow time to start, and pauses of development chains', () => {
    expect(codes({ peers: 0, uptimeSeconds: 5 })).toEqual([]);
    expect(codes({ lagSeconds: 100_000, chainId: 31337 })).toEqual([]);
    expect(codes({ chain: { ...well.chain, gasBalance: null }, diskFreeBytes: null })).toEqual([]);
  });
});
