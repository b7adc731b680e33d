import { id } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Play } from '../world/play.ts';
import { startWorld, type World } from '../world/world.ts';

const APPLICANTS = 1000;
const PLACES = 16;
const STAKE = 100n;

describe('a crowd', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(6);
  });
  afterAll(() => world?.close());

  it('of a thousand applicants sixteen get in, first come, first served, and no other stake is held', async () => {
    const { chain, identities, stakes, tasks, token } = world;
    const trainers = Array.from({ length: APPLICANTS }, (_, i) => id(`applicant ${i}`).slice(0, 42));
    await chain.rpc('anvil_autoImpersonateAccount', [true]);
    const play = await Play.create(world, {
      trainers: [],
      params: { maxTrainers: PLACES, minTrainers: PLACES, stake: STAKE, rounds: 1, joinSeconds: 100_000 },
    });
    for (const account of play.validators) await play.join(account, 2);
    for (const account of play.aggregators) await play.join(account, 4);

    const agreed = await play.agreement();
    const outcomes = new Map<string, number>();
    for (const [i, applicant] of trainers.entries()) {
      const agent = 6 + i;
      await chain.rpc('anvil_setBalance', [applicant, '0xde0b6b3a7640000']);
      await identities.send(applicant, 'register()');
      // Every account after the sixteenth is refused whatever it has staked: one in a hundred has.
      const staked = i <= PLACES || (i + 1) % 100 === 0;
      if (staked) await stakes.send(chain.accounts[5]!, 'deposit', token.address, agent, STAKE);
      const join = ['join', play.id, agreed, agent, 1, '0x01', []] as const;
      const outcome = (await tasks.refusal(applicant, ...join)) ?? 'joined';
      if (outcome === 'joined') await tasks.send(applicant, ...join);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // The sixteenth completes the task, which starts: the refusal of later ones says so.
    expect(Object.fromEntries(outcomes)).toEqual({ joined: PLACES, TaskNotJoining: APPLICANTS - PLACES });
    expect((await play.task()).trainers.map((t: string) => t.toLowerCase())).toEqual(
      trainers.slice(0, PLACES),
    );
    expect(await stakes.read('freeStake', token.address, 6)).toBe(0n);
    for (const agent of [6 + PLACES, 6 + APPLICANTS - 1]) {
      expect(await stakes.read('freeStake', token.address, agent)).toBe(STAKE);
    }
  });
});
