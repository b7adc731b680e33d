import { chorusToken } from '@chorus/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fuzzRevenue } from './revenue/fuzz.ts';
import { openRevenueWorld, type RevenueWorld, SUPPLY } from './revenue/world.ts';

let world: RevenueWorld;
beforeAll(async () => {
  world = await openRevenueWorld();
});
afterAll(() => world?.evm.close());

it('no sequence of calls makes tills, units or royalties hold other than what the rules say, to the unit', async () => {
  const second = await world.evm.deploy(chorusToken, world.accounts[0]!.address, SUPPLY);
  const { outcomes } = await fuzzRevenue(world, second, { seed: 3, calls: 500 });
  // A sequence in which nothing succeeds, or nothing is refused, would hold whatever the contracts did.
  for (const outcome of [
    'collect',
    'withdraw',
    'applyTerms',
    'launch',
    'buy',
    'sell',
    'safeTransferFrom',
    'claim',
    'collectFees',
    'setTerms InvalidTerms',
    'applyTerms TermsNotDue',
    'safeTransferFrom UnitsVesting',
    'buy AboveCap',
  ]) {
    expect(outcomes[outcome], outcome).toBeGreaterThan(0);
  }
});
