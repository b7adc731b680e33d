import type { Address } from '@chorus/protocol';
import type { Contract } from 'ethers';
import { as, read, send } from '../../compliance/evm.ts';
import { generator } from '../../random.ts';
import { Amounts, RevenueRules } from '../../twins/ledger/revenue.ts';
import { type Call, makeCall } from '../rule-call.ts';
import { AGENTS, DAY, dealer, TASKS } from './calls.ts';
import { type RevenueWorld, SUPPLY } from './world.ts';

export interface RevenueFuzz {
  /** How often each call was carried out, and refused with which error. */
  outcomes: Record<string, number>;
  calls: number;
}

/**
 * Random calls by random accounts on the contracts and by a second implementation of their rules: what these refuse the
 * contracts refuse with the same error, and after each call every contract holds what they say. At the end everyone takes out what there is.
 *
 * @param seed the same seed draws the same calls
 */
export async function fuzzRevenue(
  world: RevenueWorld,
  second: Contract,
  { seed, calls }: { seed: number; calls: number },
): Promise<RevenueFuzz> {
  const random = generator(seed);
  const { evm, accounts, tills, units, royalties, tasks } = world;
  const tokens = [world.token, second];
  const names = accounts.map(({ address }) => address as Address);
  const earned = new Amounts();
  const ended = new Set<bigint>();
  const model = new RevenueRules({
    ownerOf: (agentId) => names.slice(0, AGENTS)[Number(agentId)],
    treasury: world.treasury as Address,
    earned: (task, account) => earned.get(account, task),
    totalEarned: (task) => earned.sum(String(task)),
    hasEnded: (task) => ended.has(task),
  });
  const result: RevenueFuzz = { outcomes: {}, calls: 0 };
  let now = await evm.now();

  const perform = async (call: Call): Promise<void> => {
    const outcome = await makeCall(call, evm, accounts[call.account]!, now);
    result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1;
    result.calls++;
    await checkMoney();
  };

  const checkMoney = async (): Promise<void> => {
    const contracts = { tills, units, royalties };
    const checks = tokens.flatMap((token) => {
      const expected = model.balances(token.target as Address);
      return Object.entries(contracts).map(async ([name, contract]) => {
        const held = await world.balance(contract.target as string, token);
        const should = expected[name as keyof typeof contracts];
        if (held !== should) throw new Error(`${name} hold ${held} of ${token.target}, not ${should}`);
      });
    });
    await Promise.all(checks);
  };

  for (const token of tokens) {
    for (const account of accounts) {
      if (token === second && account !== accounts[0]) {
        await send(as(token, accounts[0]!), 'transfer', account.address, 10n ** 24n);
      }
      await send(as(token, account), 'approve', units.target, SUPPLY);
      await send(as(token, account), 'approve', royalties.target, SUPPLY);
    }
  }
  const agents = Array.from({ length: AGENTS }, (_, agent) => BigInt(agent));
  const tillAddresses = await Promise.all(agents.map((agent) => read(tills, 'tillOf', agent)));
  const draw = dealer({ world, tokens, tillAddresses, model, earned, ended, random });
  now = await evm.now();
  for (let i = 0; i < calls; i++) {
    now += 1 + Math.floor(random() * 3) * Math.floor(random() * 100_000);
    await perform(draw());
  }
  await drain();
  return result;

  /** Everyone leaves: what stays is what division left over. */
  async function drain(): Promise<void> {
    now += 400 * DAY;
    const attempt = (
      account: number,
      contract: Contract,
      method: string,
      args: unknown[],
      expected: Call['expected'],
    ) => perform({ name: `drain: ${method}`, contract, method, args, account, expected });
    for (const task of TASKS) await attempt(0, tasks, 'end', [task], () => ended.add(task));
    for (const token of tokens) {
      const at = token.target as Address;
      for (const [account, name] of names.entries()) {
        for (const agent of agents) {
          await attempt(account, tills, 'collect', [agent, at], () => model.collect(agent, at));
          const held = model.units.get(agent)?.token === at ? model.held.get(name, agent) : 0n;
          if (held === 0n) continue;
          now += 1;
          const sell = (time: number) => model.sell(name, agent, held, 0n, time);
          await attempt(account, units, 'sell', [agent, held, 0], sell);
        }
      }
      // Only now: a sale collects, and so pays revenue and royalties.
      for (const [account, name] of names.entries()) {
        const launched = agents.filter((agent) => model.units.get(agent)?.token === at);
        for (const agent of launched) {
          await attempt(account, units, 'claim', [[agent], name], () => model.claimUnits(name, agent));
        }
        const claim = () => model.claimRoyalties(name, at, TASKS);
        await attempt(account, royalties, 'claim', [at, TASKS, name], claim);
        await attempt(account, tills, 'withdraw', [at, name], () => model.withdraw(at, name));
      }
      const left = model.balances(at);
      // At most one unit for each call that divided, and for each trainer of each task.
      if (left.units - model.fees.get(at) > BigInt(calls)) throw new Error(`${left.units} stay in the units`);
      const dust = BigInt(TASKS.length * accounts.length);
      if (left.royalties > dust) throw new Error(`${left.royalties} stay in the royalties`);
    }
  }
}
