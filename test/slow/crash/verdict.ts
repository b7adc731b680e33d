import type { ChainEvent, SettledRound } from '@chorus/protocol';
import { Journal } from '@chorus/service-training';
import { id, JsonRpcProvider } from 'ethers';
import { expect } from 'vitest';
import { patience } from '../../patience.ts';
import type { CrashNetwork } from './network.ts';
import { STAKE } from './tiny-task.ts';

/** Time in which a chain on this machine tells all it has. */
const READ_MILLISECONDS = 3_000;

/** All that ever happened on the contract. */
export async function allEvents({ requester }: CrashNetwork): Promise<ChainEvent[]> {
  const events: ChainEvent[] = [];
  const signal = AbortSignal.timeout(patience(READ_MILLISECONDS));
  for await (const event of requester.ports.chain.events({ fromBlock: 0, signal })) events.push(event);
  expect(events.some((event) => event.type === 'task-ended')).toBe(true);
  return events;
}

/** Settled rounds in order; null stands for a void one. */
export function settledRounds(
  { requester }: CrashNetwork,
  taskId: bigint,
  rounds: number,
): Promise<(SettledRound | null)[]> {
  const numbers = Array.from({ length: rounds }, (_, i) => i + 1);
  return Promise.all(numbers.map((round) => requester.ports.chain.settledRound(taskId, round)));
}

/** No member did anything twice, whichever died in between: each act of each member and round is on chain once. */
export function expectNothingTwice(events: ChainEvent[]): void {
  const seen = new Set<string>();
  for (const event of events) {
    const key = actOf(event);
    if (key === null) continue;
    expect(seen.has(key), key).toBe(false);
    seen.add(key);
  }
}

function actOf(event: ChainEvent): string | null {
  switch (event.type) {
    case 'task-created':
      return `created by ${event.owner} ${event.termsDigest}`;
    case 'joined':
      return `joined ${event.member.address}`;
    case 'update-committed':
      return `committed ${event.round} ${event.trainer}`;
    case 'reference-sealed':
    case 'reference-opened':
      return `${event.type} ${event.round} ${event.validator}`;
    case 'round-settled':
    case 'round-voided':
      return `ended ${event.round}`;
    case 'stake-released':
      return `stake ${event.member}`;
    default:
      return null;
  }
}

/**
 * No member paid for the same call twice, or for one that failed: what was sent before a crash was looked up.
 * `advance` alone may be due several times in a round.
 */
export async function expectNoWaste({ devnet, members }: CrashNetwork): Promise<void> {
  const advance = id('advance(uint256)').slice(0, 10);
  const accounts = new Set(members.map((member) => member.address.toLowerCase()));
  const provider = new JsonRpcProvider(devnet.url, undefined, { cacheTimeout: -1 });
  try {
    const seen = new Set<string>();
    const head = await provider.getBlockNumber();
    for (let number = 1; number <= head; number++) {
      const block = await provider.getBlock(number, true);
      for (const { from, to, data, hash } of block!.prefetchedTransactions) {
        if (!accounts.has(from.toLowerCase()) || data.startsWith(advance)) continue;
        const call = `${from} ${to} ${data}`;
        expect(seen.has(call), `sent twice: ${call.slice(0, 200)}`).toBe(false);
        seen.add(call);
        expect((await provider.getTransactionReceipt(hash))?.status, `failed: ${call.slice(0, 200)}`).toBe(1);
      }
    }
    expect(seen.size).toBeGreaterThan(members.length);
  } finally {
    provider.destroy();
  }
}

/** Every node that reported the model after a round reported the same, before and after being killed; all have the last one. */
export async function expectOneModel(network: CrashNetwork, taskId: bigint, rounds: number): Promise<void> {
  for (const [round, digests] of network.digests) expect(digests.size, `models of round ${round}`).toBe(1);
  const last = (await settledRounds(network, taskId, rounds)).findLastIndex((round) => round !== null) + 1;
  expect(network.models.get(last)?.size).toBe(network.members.length + 1);
  expect(await network.requester.services.training.opensCommitment(taskId)).toBe(true);
}

/**
 * To the last unit: the escrow is what was paid and what is left, and each account's earnings are what its journal
 * says. Ends the members' processes, to look into their journals.
 */
export async function expectBalanced(network: CrashNetwork, taskId: bigint, rounds: number): Promise<void> {
  const { requester, members, deployment } = network;
  const { chain } = requester.ports;
  const task = await chain.task(taskId);
  const settled = await settledRounds(network, taskId, rounds);
  const sum = (values: bigint[]) => values.reduce((a, b) => a + b, 0n);
  const paid = sum(
    settled.flatMap((s) => (s ? [...s.rewards, s.protocolFee, s.aggregatorFee, s.validatorFee] : [])),
  );
  expect(paid + task.remaining).toBe(task.budget);
  await Promise.all(members.map((member) => member.process.stop()));
  const count = settled.filter((s) => s !== null).length;
  for (const { name, process, address } of members) {
    // All that a member had is its stake, which is free again, and whole: no member was slashed.
    const account = await chain.memberAccount(taskId, address);
    expect(await chain.stake(deployment.token, account!.agentId), name).toMatchObject({ free: STAKE });
    const earned = await chain.balance(deployment.token, address);
    const journal = Journal.open(process.folder);
    const [totals] = journal.totals();
    journal.close();
    expect(totals, name).toMatchObject({ claimed: earned, settled: count, void: rounds - count });
    expect(totals!.rewards + totals!.fees, name).toBe(earned);
  }
}
