import type { Address, TillShare, TillTerms, UnitLaunch } from '@chorus/protocol';
import type { Contract } from 'ethers';
import type { Amounts, RevenueRules } from '../../twins/ledger/revenue.ts';
import { bagOf, type Call } from '../rule-call.ts';
import { type RevenueWorld, SUPPLY } from './world.ts';

/** Agents and tasks that calls are about. */
export const AGENTS = 4;
export const TASKS = [0n, 1n, 2n, 3n];
export const DAY = 86_400;

/** How often each call is drawn. */
const WEIGHTS = {
  pay: 6,
  collect: 4,
  withdraw: 2,
  setTerms: 3,
  applyTerms: 5,
  launch: 4,
  buy: 8,
  sell: 5,
  give: 4,
  claimUnits: 3,
  collectFees: 1,
  deposit: 2,
  claimRoyalties: 4,
  earn: 5,
  end: 3,
  setFee: 1,
};
const BAG = bagOf(WEIGHTS);

export interface Table {
  world: RevenueWorld;
  tokens: Contract[];
  /** Of agents. */
  tillAddresses: Address[];
  model: RevenueRules;
  /** By account and task. */
  earned: Amounts;
  ended: Set<bigint>;
  random: () => number;
}

/** Draws calls, mostly such as can be carried out. */
export function dealer(table: Table): () => Call {
  const { world, tokens, tillAddresses, model, earned, ended, random } = table;
  const { accounts, tills, units, royalties, tasks, params } = world;
  const names = accounts.map(({ address }) => address as Address);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;

  const shares = (most: number, ids: number): TillShare[] =>
    Array.from({ length: below(most + 1) }, () => ({ id: BigInt(below(ids)), bps: below(3000) })).sort(
      (a, b) => Number(a.id - b.id),
    );
  const aTerms = (): TillTerms => ({ holdersBps: below(4000), models: shares(2, 4), tools: shares(2, 5) });
  const aLaunch = (token: Address): UnitLaunch => ({
    token,
    base: BigInt(1 + below(10_000)),
    slope: BigInt(below(200)),
    cap: BigInt(1 + below(60)),
    holdersBps: below(1500),
    creatorUnits: BigInt(below(40)),
    vestingSeconds: below(20) * DAY,
    description: 'x',
  });

  return () => {
    // Mostly what can be done: an agent whose units are out, somebody who has some.
    const launched = [...model.units.keys()];
    const likely = random() < 0.85 && launched.length > 0;
    const agent = likely ? pick(launched) : BigInt(below(AGENTS));
    const holders = names.flatMap((name, i) => (model.held.get(name, agent) > 0n ? [i] : []));
    const account = likely && holders.length > 0 && random() < 0.6 ? pick(holders) : below(accounts.length);
    const caller = names[account]!;
    const token = pick(tokens);
    const at = token.target as Address;
    const task = BigInt(below(4));
    const amount = BigInt(below(10));
    const call = (contract: Contract, method: string, args: unknown[], expected: Call['expected']): Call => ({
      name: method,
      contract,
      method,
      args,
      account,
      expected,
    });
    const byOwner = { account: Number(agent) };
    const kinds: Record<keyof typeof WEIGHTS, () => Call> = {
      pay: () => {
        const paid = BigInt(below(100_000));
        const pay = call(token, 'transfer', [tillAddresses[Number(agent)], paid], () =>
          model.tills.add(paid, agent, at),
        );
        return { ...pay, account: 0 };
      },
      collect: () => call(tills, 'collect', [agent, at], () => model.collect(agent, at)),
      withdraw: () => call(tills, 'withdraw', [at, caller], () => model.withdraw(at, caller)),
      setTerms: () => {
        const terms = aTerms();
        const owned = random() < 0.9 ? byOwner : { account };
        const by = names[owned.account]!;
        const set = call(tills, 'setTerms', [agent, terms], (time) => model.setTerms(by, agent, terms, time));
        return { ...set, ...owned };
      },
      applyTerms: () => call(tills, 'applyTerms', [agent], (time) => model.applyTerms(agent, time)),
      launch: () => {
        const terms = aLaunch(at);
        const number = below(AGENTS);
        const by = names[number]!;
        const launch = call(units, 'launch', [number, terms], (time) =>
          model.launch(by, BigInt(number), terms, time),
        );
        return { ...launch, account: number };
      },
      buy: () => call(units, 'buy', [agent, amount, SUPPLY], () => model.buy(caller, agent, amount, SUPPLY)),
      sell: () =>
        call(units, 'sell', [agent, amount, 0], (time) => model.sell(caller, agent, amount, 0n, time)),
      give: () => {
        const to = pick(names);
        const args = [caller, to, agent, amount, '0x'];
        return call(units, 'safeTransferFrom', args, (time) => model.give(caller, to, agent, amount, time));
      },
      claimUnits: () => call(units, 'claim', [[agent], caller], () => model.claimUnits(caller, agent)),
      collectFees: () => call(units, 'collectFees', [at], () => model.collectFees(at)),
      deposit: () => call(royalties, 'deposit', [task, at, amount], () => model.deposit(task, at, amount)),
      claimRoyalties: () => {
        const twice = [task, task];
        return call(royalties, 'claim', [at, twice, caller], () => model.claimRoyalties(caller, at, twice));
      },
      earn: () => {
        // A task that has ended pays no more.
        const more = ended.has(task) ? 0n : BigInt(below(1000));
        return call(tasks, 'earn', [task, caller, more], () => earned.add(more, caller, task));
      },
      end: () => call(tasks, 'end', [task], () => ended.add(task)),
      setFee: () => {
        const bps = BigInt(below(501));
        const set = call(params, 'setProtocolFee', [bps], () => {
          model.feeBps = bps;
        });
        return { ...set, account: 0 };
      },
    };
    return kinds[pick(BAG)]();
  };
}
