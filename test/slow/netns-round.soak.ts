import { setTimeout as sleep } from 'node:timers/promises';
import { type RoundPhase, sameAddress } from '@chorus/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { patience } from '../patience.ts';
import { whyNoNamespaces } from './netns/netns.ts';
import {
  CHAIN,
  HIDDEN,
  HUB,
  type LossyNetwork,
  MEMBERS,
  startLossyNetwork,
  TRAINERS,
  VALIDATORS,
} from './netns/network.ts';
import {
  allEvents,
  expectBalanced,
  expectEndedByTheRules,
  expectOneModel,
  expectProvenAndTold,
  settledRounds,
} from './netns/verdict.ts';

/**
 * Whole rounds over links like those of homes. The task's windows are such that a partition outlasts them: those
 * who are cut off miss the phase they are cut off in, and the others go on without them.
 */
const PARTITION_MILLISECONDS = patience(30_000);
/** One for each partition, and one after the last. */
const ROUNDS = 5;
/** Against a test that never ends, not a claim. */
const PATIENCE_MILLISECONDS = patience(600_000);

interface Cut {
  phase: RoundPhase;
  what: string;
  /** Who is cut off, together. */
  side: (network: LossyNetwork, taskId: bigint, round: number) => Promise<string[]>;
  /** Whether those still reach the chain, so that what they do there is seen and what they serve is not. */
  seesChain: boolean;
}

const CUTS: Cut[] = [
  {
    phase: 'commit',
    what: 'a trainer and a validator from all others and the chain',
    side: async () => ['t2', 'v2'],
    seesChain: false,
  },
  {
    phase: 'reference',
    what: 'the hidden trainer and validator from all others and the chain',
    side: async () => [...HIDDEN],
    seesChain: false,
  },
  {
    phase: 'settle',
    what: 'the aggregator whose turn it is, and a trainer, from all others and the chain',
    side: async ({ chain, addresses }, taskId, round) => {
      const [task, state] = await Promise.all([chain.task(taskId), chain.round(taskId, round)]);
      const drawn = task.aggregators[state.drawnAggregator]!;
      return ['t1', VALIDATORS.find((name) => sameAddress(addresses.get(name)!, drawn))!];
    },
    seesChain: false,
  },
  {
    phase: 'reference',
    what: 'a trainer and a validator from all others, while everybody sees the chain',
    side: async () => ['t1', 'v1'],
    seesChain: true,
  },
];

const why = await whyNoNamespaces({ nat: true });
if (why) console.warn(`skipped: network namespaces cannot be used (${why})`);

let network: LossyNetwork | undefined;
afterEach(async () => {
  await network?.close();
  network = undefined;
});

const began = performance.now();
const say = (text: string) =>
  console.info(`netns-round: ${((performance.now() - began) / 1000).toFixed(0)} s: ${text}`);

/** Cut the network as planned, one time in a round; resolves with the cuts that were made when the task has ended. */
async function cutAndHeal(on: LossyNetwork, taskId: bigint, signal: AbortSignal): Promise<Cut[]> {
  const made: Cut[] = [];
  let lastRound = 0;
  for await (const event of on.chain.events({ fromBlock: 0, signal })) {
    if (event.taskId !== taskId) continue;
    if (event.type === 'task-ended') break;
    if (event.type === 'round-settled' || event.type === 'round-voided') {
      say(`round ${event.round} is ${event.type === 'round-settled' ? 'settled' : 'void'}`);
    }
    if (event.type === 'case-contested') say(`round ${event.round}: a trainer shows that it was there`);
    if (event.type === 'slashed') say(`round ${event.round}: a member is slashed for ${event.offence}`);
    const cut = CUTS[made.length];
    if (event.type !== 'phase-changed' || event.phase !== cut?.phase || event.round === lastRound) continue;
    // Past states are reported as well: only one that still holds can be cut.
    const { phase, round } = await on.chain.round(taskId, event.round);
    if (phase !== cut.phase) continue;
    lastRound = round;
    made.push(cut);
    const side = await cut.side(on, taskId, round);
    const others = [HUB, ...MEMBERS].filter((name) => !side.includes(name));
    await on.net.partition([side, cut.seesChain ? others : [...others, CHAIN]]);
    say(`round ${round}, ${phase}: cut ${side.join(' and ')}: ${cut.what}`);
    await sleep(PARTITION_MILLISECONDS, undefined, { signal });
    await on.net.heal();
    say('healed');
  }
  return made;
}

/** Members that are not done: in the end all have the last model and their earnings, and their stake is free. */
async function waitedFor({ chain, ended, addresses }: LossyNetwork, taskId: bigint): Promise<string[]> {
  const [{ openCases }, ...accounts] = await Promise.all([
    chain.task(taskId),
    ...[...addresses].map(async ([name, address]) => ({
      name,
      ...(await chain.memberAccount(taskId, address)),
    })),
  ]);
  return [
    ...[HUB, ...MEMBERS].filter((name) => !ended.has(name)).map((name) => `the end at ${name}`),
    ...accounts.filter(({ released }) => !released).map(({ name }) => `the stake of ${name}`),
    ...(openCases > 0 ? [`${openCases} open cases`] : []),
  ];
}

async function untilOver(on: LossyNetwork, taskId: bigint): Promise<void> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const missing = await waitedFor(on, taskId);
    if (missing.length === 0) return;
    const dead = on.members.filter((member) => !member.alive);
    if (dead.length > 0 || performance.now() > deadline) {
      const told = on.members.map(({ name, complaint }) => `${name}: ${complaint.slice(-300)}`);
      throw new Error(
        `the task is not over, missing: ${missing.join(', ')}\n` +
          `${on.warnings.slice(-30).join('\n')}\n${told.join('\n')}`,
      );
    }
    await sleep(200);
  }
}

/** Those behind NATs had a connection to each other, and so through the relay. */
async function expectRelayed({ members, relayed }: LossyNetwork): Promise<void> {
  const [one, other] = HIDDEN;
  const peer = await members.find((member) => member.name === other)!.ready;
  expect([...relayed]).toContain(`${one} ${peer.peerId}`);
}

describe.skipIf(why !== null)('a task over links of 100 ms, 2 % loss and 10 Mbit/s', () => {
  test('is cut in two in every phase: rounds settle or are void by the rules, all end with one model, the ledger balances', async () => {
    network = await startLossyNetwork();
    const { chain, net } = network;
    say(`${MEMBERS.length} nodes are up`);
    const taskId = await network.publish(ROUNDS);
    say('the task is published');
    const over = new AbortController();
    const cutting = cutAndHeal(network, taskId, over.signal);
    cutting.catch(() => {});
    try {
      await untilOver(network, taskId);
      expect(await cutting).toEqual(CUTS);
    } finally {
      over.abort();
    }
    const task = await chain.task(taskId);
    expect(task).toMatchObject({ status: 'ended', round: ROUNDS, openCases: 0 });
    expect(task.trainers.length).toBe(TRAINERS.length);
    const events = await allEvents(network, taskId);
    const settled = await settledRounds(network, task);
    say(`${settled.filter((round) => round !== null).length} of ${ROUNDS} rounds settled`);
    // Otherwise nothing below would say anything.
    expect(settled.some((round) => round !== null)).toBe(true);
    await expectEndedByTheRules(network, task, events);
    await expectProvenAndTold(network, task, settled);
    expectOneModel(network, settled);
    await expectBalanced(network, task, settled, events);
    await expectRelayed(network);
    const stats = await net.stats();
    for (const name of MEMBERS) {
      expect(stats[name]!.lost, `packets of ${name} that were lost`).toBeGreaterThan(0);
    }
    const total = (key: 'sent' | 'lost' | 'cut') =>
      Object.values(stats).reduce((sum, link) => sum + link[key], 0);
    say(`${total('sent')} packets sent, ${total('lost')} lost, ${total('cut')} cut off`);
  });
});
