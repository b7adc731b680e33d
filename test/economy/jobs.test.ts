import { chorusToken } from '@chorus/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fuzzJobs } from './jobs/fuzz.ts';
import { type JobsWorld, openJobsWorld, SUPPLY } from './jobs/world.ts';

let world: JobsWorld;
beforeAll(async () => {
  world = await openJobsWorld();
});
afterAll(() => world?.evm.close());

it('no sequence of calls makes jobs or their evaluator hold other than what the rules say, and nothing stays', async () => {
  const second = await world.evm.deploy(chorusToken, world.accounts[0]!.address, SUPPLY);
  const { outcomes } = await fuzzJobs(world, second, { seed: 14, calls: 450 });
  // A sequence in which nothing succeeds, or nothing is refused, would hold whatever the contracts did.
  for (const outcome of [
    'submit',
    'dispute',
    'defend',
    'draw',
    'reveal',
    'settle',
    'drain: withdraw',
    'withdraw a bond',
    'ended completed',
    'ended rejected',
    'ended expired',
    'decided upheld',
    'decided stands',
    'decided undecided',
    'settle StepNotOver',
    'dispute NotJobParty',
  ]) {
    expect(outcomes[outcome], outcome).toBeGreaterThan(0);
  }
});
