import { afterEach, describe, expect, it } from 'vitest';
import { allOver, type CrashNetwork, startCrashNetwork, until } from './crash/network.ts';
import {
  allEvents,
  expectBalanced,
  expectNothingTwice,
  expectNoWaste,
  expectOneModel,
  settledRounds,
} from './crash/verdict.ts';

/**
 * Sizes, for a shorter or longer run: CHORUS_CHURN_TRAINERS (at most 16), CHORUS_CHURN_ROUNDS; the full size is 16 and
 * 20, and has seven times as much to do. Each trainer is a process of its own, of some 200 MB.
 */
const TRAINERS = Number(process.env.CHORUS_CHURN_TRAINERS ?? 8);
const ROUNDS = Number(process.env.CHORUS_CHURN_ROUNDS ?? 6);
const KILLED = 0.3;
/** A trainer dies this long after the round began, at most: anywhere in it. */
const LATEST_MILLISECONDS = 8_000;

let network: CrashNetwork | null = null;
afterEach(async () => {
  await network?.close();
  network = null;
});

describe('churn', () => {
  it(`${TRAINERS} trainers of which 30 % are killed and started again each round, for ${ROUNDS} rounds: rounds settle, nothing is done twice, the models are one`, async () => {
    const random = seeded(2026);
    const restarting = new Set<Promise<void>>();
    network = await startCrashNetwork({ trainers: TRAINERS, validators: 1, aggregators: 1 });
    const { requester, members, ended } = network;
    const { chain } = requester.ports;
    const trainers = members.filter((m) => m.roles.includes('trainer'));

    const kill = async (name: string) => {
      const { process } = trainers.find((m) => m.name === name)!;
      if (!ended.has(name)) await process.restart();
    };
    const churn = new AbortController();
    const following = (async () => {
      for await (const event of chain.events({ fromBlock: 0, signal: churn.signal })) {
        if (event.type !== 'phase-changed' || event.phase !== 'commit') continue;
        for (const { name } of trainers) {
          if (random() >= KILLED) continue;
          const work = new Promise((resolve) => setTimeout(resolve, random() * LATEST_MILLISECONDS)).then(
            () => kill(name),
          );
          restarting.add(work);
          work.catch(() => {}).finally(() => restarting.delete(work));
        }
      }
    })();
    const taskId = await network.publish(ROUNDS);
    await until(network, () => allOver(network!, taskId), 1_000_000);
    churn.abort();
    await following;
    await Promise.allSettled(restarting);

    const restarts = trainers.reduce((sum, { process }) => sum + process.restarts, 0);
    expect(restarts).toBeGreaterThan(TRAINERS * ROUNDS * KILLED * 0.5);
    expect(await chain.task(taskId)).toMatchObject({ status: 'ended', round: ROUNDS });
    const settled = await settledRounds(network, taskId, ROUNDS);
    expect(settled.filter((round) => round !== null).length).toBeGreaterThanOrEqual(ROUNDS * 0.9);
    expectNothingTwice(await allEvents(network));
    await expectNoWaste(network);
    await expectOneModel(network, taskId, ROUNDS);
    await expectBalanced(network, taskId, ROUNDS);
  });
});

/** The same numbers in every run (an LCG: nothing here needs a good one). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
