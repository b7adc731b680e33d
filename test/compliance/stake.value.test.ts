import { setTimeout as delay } from 'node:timers/promises';
import { chorusToken, identityRegistry, parameters, stakeManager } from '@chorus/contracts';
import type { Contract, JsonRpcSigner } from 'ethers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, type Evm, read, send, startEvm } from './evm.ts';

const VIRTUAL = 1_000_000n;
const BPS = 10_000n;
const AGENTS = 2;
const ACTORS = 3;
const UNBOND = 2;
const SPLIT = { reporterBps: 1111n, burnBps: 2222n };

/** The rules of a pool written a second time, in exact integers. */
interface Pool {
  tokens: bigint;
  shares: bigint;
  unbonding: bigint;
  locked: bigint;
  epoch: number;
  owned: bigint[];
}
interface Ticket {
  id: bigint;
  actor: number;
  agent: number;
  shares: bigint;
  epoch: number;
}

const value = (p: Pool, shares: bigint): bigint => (shares * (p.tokens + 1n)) / (p.shares + VIRTUAL);
const free = (p: Pool): bigint => value(p, p.shares - p.unbonding) - p.locked;
/** Units of price that rounding may not lose: a/b <= c/d. */
const priceAtMost = (a: Pool, b: Pool): boolean =>
  (a.tokens + 1n) * (b.shares + VIRTUAL) <= (b.tokens + 1n) * (a.shares + VIRTUAL);

const step = fc.oneof(
  fc.record({
    kind: fc.constant('deposit' as const),
    actor: fc.nat(ACTORS - 1),
    agent: fc.nat(AGENTS - 1),
    amount: fc.oneof(fc.bigInt(0n, 30n), fc.bigInt(1n, 10n ** 20n)),
  }),
  fc.record({
    kind: fc.constant('unbond' as const),
    actor: fc.nat(ACTORS - 1),
    agent: fc.nat(AGENTS - 1),
    bps: fc.bigInt(0n, BPS + 100n),
    less: fc.bigInt(0n, 2n),
  }),
  fc.record({ kind: fc.constant('withdraw' as const), ticket: fc.nat(9) }),
  fc.record({
    kind: fc.constant('lock' as const),
    agent: fc.nat(AGENTS - 1),
    task: fc.nat(3),
    bps: fc.bigInt(0n, BPS + 100n),
  }),
  fc.record({ kind: fc.constant('unlock' as const), agent: fc.nat(AGENTS - 1), task: fc.nat(3) }),
  fc.record({
    kind: fc.constant('slash' as const),
    agent: fc.nat(AGENTS - 1),
    task: fc.nat(3),
    bps: fc.bigInt(0n, BPS),
    offence: fc.nat(12),
  }),
);

describe('stake under more than a thousand random calls', () => {
  let evm: Evm;
  let token: Contract;
  let stakes: Contract;
  let actors: JsonRpcSigner[];
  let [tasks, harmed, reporter]: JsonRpcSigner[] = [];

  beforeAll(async () => {
    evm = await startEvm(ACTORS + 3);
    actors = evm.signers.slice(0, ACTORS);
    [tasks, harmed, reporter] = evm.signers.slice(ACTORS);
    token = await evm.deploy(chorusToken, actors[0]!.address, 10n ** 30n);
    const identities = await evm.deploy(identityRegistry);
    const params = await evm.deploy(parameters, actors[0]!.address, actors[0]!.address);
    stakes = await evm.deploy(stakeManager, params.target, identities.target);
    await send(params, 'setWindows', 1, UNBOND);
    await send(params, 'setContracts', tasks!.address, actors[0]!.address);
    for (const actor of actors) {
      await send(as(identities, actor), 'register()');
      if (actor !== actors[0]) await send(token, 'transfer', actor.address, 10n ** 28n);
      await send(as(token, actor), 'approve', stakes.target, 2n ** 255n);
    }
  });
  afterAll(() => evm?.close());

  it('stake under more than a thousand random calls equals the model to the unit, and value is moved, never made', async () => {
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40, size: 'max' }), async (steps) => {
        const state = await evm.provider.send('evm_snapshot', []);
        try {
          calls += await run(steps);
        } finally {
          await evm.provider.send('evm_revert', [state]);
        }
      }),
      { numRuns: 40 },
    );
    expect(calls).toBeGreaterThan(1000);
  });

  /** The chain answers before it has mined, and time must not be moved under a call that is on its way. */
  const mined = async (hash: string): Promise<{ status: string }> => {
    for (;;) {
      const receipt = await evm.provider.send('eth_getTransactionReceipt', [hash]);
      if (receipt !== null) return receipt;
      await delay(1);
    }
  };

  const run = async (steps: (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): Promise<number> => {
    const pools: Pool[] = Array.from({ length: AGENTS }, () => ({
      tokens: 0n,
      shares: 0n,
      unbonding: 0n,
      locked: 0n,
      epoch: 0,
      owned: actors.map(() => 0n),
    }));
    const tickets: Ticket[] = [];
    const locks = new Map<string, bigint>();
    const punished = new Set<string>();
    let calls = 0;
    let ticketCount = 0n;
    let [deposited, withdrawn, lost, rewards] = [0n, 0n, 0n, 0n];

    const call = async (from: JsonRpcSigner, succeeds: boolean, name: string, ...args: unknown[]) => {
      const data = stakes.interface.encodeFunctionData(name, args);
      // A fixed limit, so that nothing is estimated and calls that fail are mined as well.
      const transaction = { from: from.address, to: stakes.target, data, gas: '0xf4240' };
      const hash = await evm.provider.send('eth_sendTransaction', [transaction]);
      const receipt = await mined(hash);
      expect(receipt.status, `${name}(${args.join()})`).toBe(succeeds ? '0x1' : '0x0');
      calls++;
    };
    const unbond = async (actor: number, agent: number, shares: bigint) => {
      const p = pools[agent]!;
      const rest = p.shares - p.unbonding - shares;
      const succeeds = shares > 0n && shares <= p.owned[actor]! && value(p, rest) >= p.locked;
      await call(actors[actor]!, succeeds, 'requestUnbond', token.target, agent, shares);
      if (!succeeds) return;
      p.owned[actor]! -= shares;
      p.unbonding += shares;
      tickets.push({ id: ++ticketCount, actor, agent, shares, epoch: p.epoch });
    };
    const withdraw = async (index: number) => {
      const [ticket] = tickets.splice(index, 1);
      if (ticket === undefined) return;
      await evm.passTime(UNBOND + 1);
      await call(actors[ticket.actor]!, true, 'withdraw', ticket.id);
      const p = pools[ticket.agent]!;
      if (ticket.epoch !== p.epoch) return;
      const amount = value(p, ticket.shares);
      const before = { ...p };
      p.tokens -= amount;
      p.shares -= ticket.shares;
      p.unbonding -= ticket.shares;
      withdrawn += amount;
      expect(priceAtMost(before, p), 'a withdrawal does not cost those who stay').toBe(true);
    };

    for (const s of steps) {
      if (s.kind === 'deposit') {
        const p = pools[s.agent]!;
        const shares = (s.amount * (p.shares + VIRTUAL)) / (p.tokens + 1n);
        await call(actors[s.actor]!, shares > 0n, 'deposit', token.target, s.agent, s.amount);
        if (shares === 0n) continue;
        const before = { ...p };
        p.tokens += s.amount;
        p.shares += shares;
        p.owned[s.actor]! += shares;
        deposited += s.amount;
        expect(priceAtMost(before, p), 'a deposit does not cost those who were there').toBe(true);
      } else if (s.kind === 'unbond') {
        const wanted = (pools[s.agent]!.owned[s.actor]! * s.bps) / BPS;
        await unbond(s.actor, s.agent, wanted > s.less ? wanted - s.less : wanted);
      } else if (s.kind === 'withdraw') {
        await withdraw(s.ticket);
      } else if (s.kind === 'lock') {
        const p = pools[s.agent]!;
        const key = `${s.agent}/${s.task}`;
        const amount = (free(p) * s.bps) / BPS;
        const succeeds = !locks.has(key) && amount <= free(p);
        await call(tasks!, succeeds, 'lock', token.target, s.agent, s.task, amount);
        if (!succeeds) continue;
        locks.set(key, amount);
        p.locked += amount;
      } else if (s.kind === 'unlock') {
        const key = `${s.agent}/${s.task}`;
        await call(tasks!, true, 'unlock', token.target, s.agent, s.task);
        const amount = locks.get(key);
        if (amount === undefined) continue;
        pools[s.agent]!.locked -= amount;
        locks.set(key, 0n);
      } else {
        const p = pools[s.agent]!;
        const key = `${s.agent}/${s.task}`;
        const held = locks.get(key) ?? 0n;
        const amount = (held * s.bps) / BPS + 1n;
        const offence = `0x${s.offence.toString(16).padStart(64, '0')}`;
        const split = { reporter: reporter!.address, ...SPLIT, harmed: harmed!.address };
        const succeeds = !punished.has(offence);
        await call(tasks!, succeeds, 'slash', token.target, s.agent, s.task, offence, amount, split);
        if (!succeeds) continue;
        punished.add(offence);
        const taken = amount < held ? amount : held;
        if (taken === 0n) continue;
        locks.set(key, held - taken);
        p.locked -= taken;
        p.tokens -= taken;
        rewards += (taken * SPLIT.reporterBps) / BPS;
        lost += taken - (taken * SPLIT.reporterBps) / BPS;
        if (p.tokens > 0n) continue;
        Object.assign(p, { shares: 0n, unbonding: 0n, epoch: p.epoch + 1, owned: actors.map(() => 0n) });
      }
      for (const p of pools) expect(free(p), 'every lock is covered').toBeGreaterThanOrEqual(0n);
    }

    const compare = async (): Promise<void> => {
      for (const [agent, p] of pools.entries()) {
        const seen = [...(await read(stakes, 'pool', token.target, agent))];
        expect(seen).toEqual([p.tokens, p.shares, p.unbonding, p.locked]);
        expect(await read(stakes, 'freeStake', token.target, agent)).toBe(free(p));
        for (const [i, actor] of actors.entries()) {
          expect(await read(stakes, 'sharesOf', token.target, agent, actor.address)).toBe(p.owned[i]);
        }
      }
      const balance = await read(token, 'balanceOf', stakes.target);
      expect(balance).toBe(pools.reduce((sum, p) => sum + p.tokens, 0n) + rewards);
      expect(balance).toBe(deposited - withdrawn - lost);
      expect(await read(stakes, 'reportRewards', token.target, reporter!.address)).toBe(rewards);
    };
    await compare();

    // Nothing is locked for ever: once the tasks release it, every account withdraws, and almost nothing remains.
    for (const key of locks.keys()) {
      const [agent, task] = key.split('/').map(Number) as [number, number];
      await call(tasks!, true, 'unlock', token.target, agent, task);
      pools[agent]!.locked -= locks.get(key)!;
    }
    for (const [agent, p] of pools.entries()) {
      for (const actor of actors.keys())
        if (p.owned[actor]! > 0n) await unbond(actor, agent, p.owned[actor]!);
    }
    while (tickets.length > 0) await withdraw(0);
    for (const p of pools) {
      expect(p.shares).toBe(0n);
      expect(p.tokens, 'less than a unit for each call is left').toBeLessThanOrEqual(BigInt(calls));
    }
    await compare();

    return calls;
  };
});
