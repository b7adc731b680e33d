import { type Ghost, require } from './ghost.ts';
import type { Arena } from './operations.ts';

interface Money {
  tasksHold: bigint;
  tasksOwe: bigint;
  feesOwed: bigint;
  stakesHold: bigint;
  pools: bigint;
  reports: bigint;
  burned: bigint;
  elsewhere: bigint;
}

interface TaskMoney {
  status: bigint;
  round: bigint;
  phase: bigint;
  remaining: bigint;
  protocolFees: bigint;
  earned: bigint;
  claimed: bigint;
  openCases: bigint;
  lockedStake: bigint;
}

export async function readMoney(
  arena: Arena,
  ghost: Ghost,
): Promise<{ tokens: Money[]; tasks: TaskMoney[] }> {
  const tokens = arena.tokens.map((t) => t.address);
  const accounts = [...arena.actors, arena.governor, arena.treasury];
  const args = [
    arena.tasks.address,
    arena.stakes.address,
    tokens,
    accounts,
    ghost.tasks.length,
    arena.agents,
  ];
  const [money, details] = await arena.lens.read('money', ...args);
  return { tokens: money, tasks: details };
}

/**
 * Everything that must hold after every call: each contract holds what it owes to the last unit, all tokens are
 * somewhere, each task has spent its own money only, and what the contracts say is what their events told.
 */
export async function checkMoney(arena: Arena, ghost: Ghost, supply: bigint): Promise<void> {
  const { tokens, tasks } = await readMoney(arena, ghost);
  for (const m of tokens) {
    require(m.tasksHold ===
      m.tasksOwe + m.feesOwed, 'escrow + rewards + fees = what the task contract holds');
    require(m.stakesHold === m.pools + m.reports, 'pools + report rewards = what the stake contract holds');
    require(m.tasksHold + m.stakesHold + m.burned + m.elsewhere === supply, 'all tokens are somewhere');
  }
  for (const [k, told] of ghost.tasks.entries()) {
    const said = tasks[k]!;
    require(said.remaining ===
      told.given - told.credited - told.refunded, 'a task spent what it was not given');
    require(said.protocolFees === told.protocol - told.collected, 'protocol fees are those of the rounds');
    let rewards = 0n;
    for (const reward of told.rewards.values()) rewards += reward;
    require(said.earned === rewards, 'earned is what the rounds credited');
    require(Number(said.status) === told.status, 'the status is that of the events');
    if (told.status === 2) {
      require(Number(said.round) === told.round.number &&
        Number(said.phase) === told.round.phase, 'the phase');
    }
    require(Number(said.openCases) === told.cases.filter((c) => c.resolved === null).length, 'open cases');
  }
  for (const [key, claimed] of ghost.claims) {
    require(claimed <= (ghost.credits.get(key) ?? 0n), 'an account claimed more than it was credited');
  }
}

/** Lets time pass and takes everything out: what is left then is locked for ever, and there must be nothing. */
export async function drain(arena: Arena, ghost: Ghost): Promise<void> {
  const { chain, tasks, stakes, actors } = arena;
  const [first] = actors as [string];
  const take = async (
    from: string,
    contract: typeof tasks,
    name: string,
    ...args: unknown[]
  ): Promise<void> => {
    const receipt = await contract.send(from, name, ...args);
    ghost.observe(receipt, await chain.now(), from);
  };
  for (const task of ghost.tasks) {
    while (task.status !== 3) {
      await chain.jumpTo(task.status === 1 ? task.joinDeadline : task.round.deadline);
      await take(first, tasks, 'advance', task.id);
    }
  }
  for (const task of ghost.tasks) {
    for (const { round, index, deadline, resolved } of task.cases) {
      if (resolved !== null) continue;
      await chain.jumpTo(deadline);
      await take(first, tasks, 'resolveCase', task.id, round, index);
    }
    for (const member of task.agents.keys()) {
      if (!task.released.has(member)) await take(first, tasks, 'releaseStake', task.id, member);
    }
  }
  const before = await readMoney(arena, ghost);
  require(before.tasks.every((t) => t.lockedStake === 0n), 'no stake stays locked');
  for (const [k, task] of ghost.tasks.entries()) {
    if (before.tasks[k]!.remaining > 0n) await take(first, tasks, 'refund', task.id);
    if (before.tasks[k]!.protocolFees > 0n) await take(first, tasks, 'collectFees', task.id);
  }
  for (const token of arena.tokens) {
    const ids = ghost.tasks.filter((t) => t.token === token.address).map((t) => t.id);
    for (const actor of actors) {
      if ((await tasks.read('claimable', token.address, actor, ids)) > 0n) {
        await take(actor, tasks, 'claim', token.address, ids);
      }
      if ((await stakes.read('reportRewards', token.address, actor)) > 0n) {
        await take(actor, stakes, 'claimReports', token.address);
      }
    }
  }
  for (const [key, credited] of ghost.credits) {
    require((ghost.claims.get(key) ?? 0n) === credited, 'everything credited was claimed, and nothing twice');
  }
  for (const { token, agent, owner } of ghost.deposits) {
    const shares: bigint = await stakes.read('sharesOf', token, agent, owner);
    if (shares > 0n) await take(owner, stakes, 'requestUnbond', token, agent, shares);
  }
  await chain.jumpTo(Math.max(0, ...ghost.tickets.filter((t) => !t.done).map((t) => t.maturesAt)));
  for (const ticket of ghost.tickets) {
    if (!ticket.done) await take(ticket.owner, stakes, 'withdraw', ticket.id);
    ticket.done = true;
  }
  for (const m of (await readMoney(arena, ghost)).tokens) {
    require(m.tasksHold === 0n, 'nothing is left in the task contract');
    // Rounding down in favour of a pool leaves less than one unit for each movement in it.
    const movements = BigInt(ghost.tickets.length + ghost.deposits.length + ghost.offences.size + 1);
    require(m.stakesHold <= movements, `only rounding is left in the stake contract, not ${m.stakesHold}`);
  }
}
