import {
  type Address,
  type ChainPort,
  type Offence,
  type SettledRound,
  sameAddress,
  type TaskState,
} from '@chorus/protocol';
import type { DemoNetwork } from './network.ts';
import { DEMO_ECONOMY } from './task.ts';

/**
 * A member that lost stake, and what of it went to the task's budget, a decimal string of the token's smallest unit.
 */
export interface Slash {
  round: number;
  id: string;
  member: Address;
  offence: Offence;
  amount: string;
}

/** Every unit that was paid in, and where it is now. */
export interface Ledger {
  escrowed: string;
  /** Slashed stake: the part that went to the task's budget, and the part that was burned. */
  slashed: string;
  burned: string;
  paid: string;
  fees: string;
  remaining: string;
  /** Stake that was deposited, and the part of it that is still behind the members' identities. */
  staked: string;
  held: string;
  /** escrowed + slashed = paid + fees + remaining, and staked = held + slashed + burned. */
  balanced: boolean;
}

/** Address to which the contracts send burned tokens. */
const BURN: Address = '0x000000000000000000000000000000000000dEaD';

/** The last round's slashes come after the end of the task, in the same transaction. */
const AFTERWARDS_MILLISECONDS = 500;

/** Reports each slash until the task has ended. */
export async function recordSlashes(
  { requester, nodes }: DemoNetwork,
  taskId: bigint,
  tell: (slash: Slash) => void,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const events = requester.ports.chain.events({
    fromBlock: 0,
    signal: AbortSignal.any([signal, over.signal]),
  });
  for await (const event of events) {
    if (event.taskId !== taskId) continue;
    if (event.type === 'task-ended') setTimeout(() => over.abort(), AFTERWARDS_MILLISECONDS);
    if (event.type !== 'slashed') continue;
    const { round, member, offence, toTask } = event;
    const id = nodes.find((n) => sameAddress(n.address, member))?.name ?? member;
    tell({ round, id, member, offence, amount: toTask.toString() });
  }
}

/** Adds up the chain's records at the end of a task. */
export async function ledgerOf(
  chain: ChainPort,
  task: TaskState,
  settled: SettledRound[],
  slashes: Slash[],
): Promise<Ledger> {
  const sum = (values: bigint[]) => values.reduce((a, b) => a + b, 0n);
  const members = await chain.members(task.id);
  const pools = await Promise.all(members.map((m) => chain.stake(task.token, m.agentId)));
  const escrowed = DEMO_ECONOMY.budget;
  const staked = BigInt(members.length) * DEMO_ECONOMY.stake;
  const paid = sum(settled.flatMap((s) => s.rewards));
  const fees = sum(settled.map((s) => s.protocolFee + s.aggregatorFee + s.validatorFee));
  const slashed = sum(slashes.map((s) => BigInt(s.amount)));
  const held = sum(pools.map((p) => p.tokens));
  const burned = await chain.balance(task.token, BURN);
  return {
    escrowed: escrowed.toString(),
    slashed: slashed.toString(),
    burned: burned.toString(),
    paid: paid.toString(),
    fees: fees.toString(),
    remaining: task.remaining.toString(),
    staked: staked.toString(),
    held: held.toString(),
    balanced: escrowed + slashed === paid + fees + task.remaining && staked === held + slashed + burned,
  };
}
