import { afterAll, beforeAll, expect, it } from 'vitest';
import { fuzzChannels } from './channels/fuzz.ts';
import { type ChannelsWorld, openChannelsWorld } from './channels/world.ts';

let world: ChannelsWorld;
beforeAll(async () => {
  world = await openChannelsWorld();
});
afterAll(() => world?.evm.close());

it('no sequence of calls makes payment channels hold other than what they owe, to the unit, and nothing stays', async () => {
  const { outcomes } = await fuzzChannels(world, { seed: 16, calls: 450 });
  // A sequence in which nothing succeeds, or nothing is refused, would hold whatever the contract did.
  for (const outcome of [
    'deposit',
    'claim',
    'claimWithSignature',
    'settle',
    'initiateWithdraw',
    'finalizeWithdraw',
    'refund',
    'refundWithSignature',
    'multicall',
    'deposit ZeroDeposit',
    'deposit WithdrawDelayOutOfRange',
    'claim InvalidSignature',
    'claim NotAuthorizedToClaim',
    'claim ClaimExceedsBalance',
    'claim ClaimExceedsCeiling',
    'finalizeWithdraw WithdrawDelayNotElapsed',
    'initiateWithdraw WithdrawAmountExceedsAvailable',
    'refund NotAuthorizedToRefund',
  ]) {
    expect(outcomes[outcome] ?? 0, outcome).toBeGreaterThan(0);
  }
});
