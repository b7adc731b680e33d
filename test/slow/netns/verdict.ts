import { readVerifier } from '@chorus/chain';
import { openProofChecker, provenRound } from '@chorus/inspector';
import type { Address, ChainEvent, SettledRound, TaskState } from '@chorus/protocol';
import { JsonRpcProvider } from 'ethers';
import { expect } from 'vitest';
import { patience } from '../../patience.ts';
import { STAKE } from '../crash/tiny-task.ts';
import { HUB, type LossyNetwork, MEMBERS, MIN_VALIDATORS, TRAINERS, VALIDATORS } from './network.ts';

/** Time in which a chain on this machine tells all it has. */
const READ_MILLISECONDS = 3_000;

type Voided = Extract<ChainEvent, { type: 'round-voided' }>;

export async function allEvents({ chain }: LossyNetwork, taskId: bigint): Promise<ChainEvent[]> {
  const events: ChainEvent[] = [];
  const signal = AbortSignal.timeout(patience(READ_MILLISECONDS));
  for await (const event of chain.events({ fromBlock: 0, signal })) {
    if (event.taskId === taskId) events.push(event);
  }
  return events;
}

/** Settled rounds in order; null stands for a void one. */
export function settledRounds({ chain }: LossyNetwork, task: TaskState): Promise<(SettledRound | null)[]> {
  return Promise.all(Array.from({ length: task.round }, (_, i) => chain.settledRound(task.id, i + 1)));
}

/** Every round has one end; a void one was out of time, with nothing to go on with or no candidate that settled. */
export async function expectEndedByTheRules(
  network: LossyNetwork,
  task: TaskState,
  events: ChainEvent[],
): Promise<void> {
  const provider = new JsonRpcProvider(network.devnet.url, undefined, { cacheTimeout: -1 });
  try {
    for (let round = 1; round <= task.round; round++) {
      const ends = events.filter(
        (e) => (e.type === 'round-settled' || e.type === 'round-voided') && e.round === round,
      );
      expect(ends.length, `ends of round ${round}`).toBe(1);
      const [end] = ends;
      if (end?.type === 'round-voided') await expectVoidByTheRules(provider, end, events);
    }
  } finally {
    provider.destroy();
  }
}

async function expectVoidByTheRules(
  provider: JsonRpcProvider,
  { round, position }: Voided,
  events: ChainEvent[],
): Promise<void> {
  const inRound = events.filter((e) => 'round' in e && e.round === round);
  const phases = inRound.filter((e) => e.type === 'phase-changed' && e.phase !== 'void');
  const last = phases.at(-1);
  if (last?.type !== 'phase-changed') throw new Error(`round ${round} never began`);
  const block = await provider.getBlock(position.block);
  expect(block!.timestamp, `round ${round} was void in time`).toBeGreaterThanOrEqual(last.deadline);
  const count = (type: ChainEvent['type']) => inRound.filter((e) => e.type === type).length;
  const enough =
    last.phase === 'commit'
      ? count('update-committed') > 0 && count('reference-sealed') >= MIN_VALIDATORS
      : last.phase === 'reference' && count('reference-opened') >= MIN_VALIDATORS;
  expect(enough, `round ${round} could have gone on from ${last.phase}`).toBe(false);
}

/** The proof of every settled round holds, and every member reports exactly what the chain has. */
export async function expectProvenAndTold(
  network: LossyNetwork,
  task: TaskState,
  settled: (SettledRound | null)[],
): Promise<void> {
  const { chain, devnet, deployment, addresses, roundEnds } = network;
  const verifier = (address: Address) =>
    readVerifier({ url: devnet.url, contract: deployment.taskManager, verifier: address });
  const checker = await openProofChecker({ chain, verifier });
  try {
    for (const round of settled) {
      if (!round) continue;
      const checks = await checker.check(await provenRound(chain, task.id, round.round));
      expect(checks.length).toBeGreaterThan(3);
      expect(
        checks.filter((check) => !check.ok),
        `round ${round.round}`,
      ).toEqual([]);
    }
  } finally {
    await checker.close();
  }
  for (const name of MEMBERS) {
    const address = addresses.get(name)!.toLowerCase();
    const index = task.trainers.findIndex((trainer) => trainer.toLowerCase() === address);
    for (const [i, round] of settled.entries()) {
      const told = roundEnds.filter((end) => end.name === name && end.event.round === i + 1);
      expect(told.length, `${name} and round ${i + 1}`).toBe(1);
      expect(told[0]!.event, `${name} and round ${i + 1}`).toMatchObject({
        outcome: round ? 'settled' : 'void',
        weight: round?.weights[index] ?? null,
        share: round?.shares[index] ?? null,
        reward: round?.rewards[index] ?? 0n,
      });
    }
  }
}

/** No node ever computed another model of a round; all have the last one, and it opens the chain's commitment. */
export function expectOneModel({ models, ended }: LossyNetwork, settled: (SettledRound | null)[]): void {
  for (const [round, digests] of models) {
    expect(new Set(digests.values()).size, `models of round ${round}`).toBe(1);
  }
  const last = settled.findLast((round) => round !== null)!.round;
  const everybody = [HUB, ...MEMBERS].sort();
  expect([...(models.get(last)?.keys() ?? [])].sort(), `who has the model of round ${last}`).toEqual(
    everybody,
  );
  expect([...ended.keys()].sort()).toEqual(everybody);
  for (const [name, { opensCommitment }] of ended) expect(opensCommitment, name).toBe(true);
}

/** To the last unit: budget, fees, rewards, stake, and what everybody holds in the end. */
export async function expectBalanced(
  { chain, addresses }: LossyNetwork,
  task: TaskState,
  settled: (SettledRound | null)[],
  events: ChainEvent[],
): Promise<void> {
  const sum = (values: bigint[]) => values.reduce((a, b) => a + b, 0n);
  const rounds = settled.filter((round) => round !== null);
  const paid = sum(rounds.flatMap((round) => round.rewards));
  const work = sum(rounds.map((round) => round.aggregatorFee + round.validatorFee));
  const protocol = sum(rounds.map((round) => round.protocolFee));
  const slashed = sum(events.flatMap((event) => (event.type === 'slashed' ? [event.toTask] : [])));
  expect(task.budget + slashed).toBe(paid + work + protocol + task.remaining);
  const members = await chain.members(task.id);
  expect(members.length).toBe(MEMBERS.length);
  const pools = await Promise.all(members.map((member) => chain.stake(task.token, member.agentId)));
  expect(BigInt(members.length) * STAKE).toBe(sum(pools.map((pool) => pool.tokens)) + slashed);
  expect(sum(pools.map((pool) => pool.locked))).toBe(0n);
  // All they had was deposited: what they hold now is what they earned.
  const held = async (names: string[]) =>
    sum(await Promise.all(names.map((name) => chain.balance(task.token, addresses.get(name)!))));
  expect(await held(TRAINERS), 'rewards').toBe(paid);
  expect(await held(VALIDATORS), 'fees').toBe(work);
}
