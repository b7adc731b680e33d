import { type ChainPort, SHARE_ONE, type TillTerms, type UnitLaunch } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused } from './fixture.ts';

const NO_TERMS: TillTerms = { holdersBps: 0, models: [], tools: [] };
const WEEK = 7 * 86_400;

/** Tills of agents, royalties and units. The trades of units in a row are held to the contracts by `test/economy`. */
export function describeRevenue(get: () => Fixture): void {
  const token = () => get().world.token;
  let places = 0;
  const anAgent = async (owner: ChainPort): Promise<bigint> =>
    (await owner.registerAgent(`12D3KooWExample/agents/paid-${places++}/`)).agentId;
  /** Pay an agent as a caller of it does. */
  const pay = async (agentId: bigint, value: bigint): Promise<void> => {
    const { owner } = get();
    const to = (await owner.tillOf(agentId))!;
    const now = BigInt(await owner.now());
    const nonce = `0x${(BigInt(places++) + (agentId << 64n)).toString(16).padStart(64, '0')}` as const;
    const times = { validAfter: 0n, validBefore: now + 3600n };
    await owner.sendTransfer(await owner.signTransfer({ token: token(), to, value, ...times, nonce }));
  };
  /** A task of one round, in which the first trainer earned twice what the second did, and the third nothing. */
  const settledTask = async (): Promise<bigint> => {
    const taskId = await get().running({ rounds: 1 });
    await get().toSettle(taskId);
    const [most, least] = [Math.floor((2 * SHARE_ONE) / 3), Math.floor(SHARE_ONE / 3)];
    const settlement = get().settlement([40_000, 25_536, 0], [most, least, 0]);
    await get().settle(await get().drawn(taskId), taskId, 1, settlement);
    return taskId;
  };
  const launch = (terms: Partial<UnitLaunch> = {}): UnitLaunch => ({
    token: token(),
    base: 100n,
    slope: 10n,
    cap: 100n,
    holdersBps: 0,
    creatorUnits: 0n,
    vestingSeconds: 0,
    description: 'units of an agent',
    ...terms,
  });

  describe('tills of agents', () => {
    it('a payment is divided by the terms, and each part goes to its owner', async () => {
      const { owner, trainers } = get();
      const [agent, tool] = [await anAgent(owner), await anAgent(trainers[0]!)];
      const terms = { ...NO_TERMS, tools: [{ id: tool, bps: 2500 }] };
      expect((await owner.setTillTerms(agent, terms)).effectiveAt).toBeNull();
      expect(await owner.till(agent)).toEqual({
        address: await trainers[1]!.tillOf(agent),
        terms,
        proposed: null,
      });
      await pay(agent, 1000n);
      expect(await owner.collectable(agent, token())).toBe(1000n);
      const before = await owner.owedByTills(token(), owner.account);
      // Anyone may.
      const { collection } = await trainers[1]!.collectTill(agent, token());
      expect(collection).toEqual({
        paid: 1000n,
        passed: 0n,
        protocolFee: 10n,
        trainers: 0n,
        holders: 0n,
        tools: 247n,
        rest: 743n,
        creator: owner.account,
      });
      expect((await owner.collectTill(agent, token())).collection).toBeNull();
      expect((await owner.owedByTills(token(), owner.account)) - before).toBe(743n);
      expect(await owner.owedByTills(token(), get().world.treasury)).toBeGreaterThanOrEqual(10n);
      const held = await owner.balance(token(), owner.account);
      const { amount } = await owner.withdrawFromTills(token());
      expect((await owner.balance(token(), owner.account)) - held).toBe(amount);
      await refused('E_CHAIN_NOTHING_TO_CLAIM', owner.withdrawFromTills(token()));
      expect((await trainers[0]!.collectTill(tool, token())).collection).toMatchObject({
        paid: 0n,
        passed: 247n,
        protocolFee: 0n,
        rest: 247n,
      });
      await trainers[0]!.withdrawFromTills(token());
    });

    it('terms are set by the owner alone, and changed a week after the change is proposed', async () => {
      const { owner, trainers, world } = get();
      const agent = await anAgent(owner);
      await refused('E_CHAIN_NOT_ALLOWED', trainers[0]!.setTillTerms(agent, NO_TERMS));
      await refused('E_CHAIN_INVALID_PARAMS', owner.setTillTerms(agent, { ...NO_TERMS, holdersBps: 10_001 }));
      await owner.setTillTerms(agent, NO_TERMS);
      await refused('E_CHAIN_WRONG_PHASE', owner.applyTillTerms(agent));
      const later = { ...NO_TERMS, holdersBps: 100 };
      const { effectiveAt } = await owner.setTillTerms(agent, later);
      expect(await owner.till(agent)).toMatchObject({
        terms: NO_TERMS,
        proposed: { terms: later, effectiveAt },
      });
      await refused('E_CHAIN_NOT_MATURE', owner.applyTillTerms(agent));
      await world.passTime(WEEK + 1);
      await trainers[0]!.applyTillTerms(agent);
      expect(await owner.till(agent)).toMatchObject({ terms: later, proposed: null });
    });

    it('a model’s trainers are due royalties by what they earned in its task, once that has ended', async () => {
      const { owner, trainers } = get();
      const taskId = await settledTask();
      const agent = await anAgent(owner);
      const unknown = { ...NO_TERMS, models: [{ id: 10n ** 6n, bps: 1 }] };
      await refused('E_CHAIN_UNKNOWN_TASK', owner.setTillTerms(agent, unknown));
      const unpaid = { ...NO_TERMS, models: [{ id: await get().create(), bps: 1 }] };
      await refused('E_CHAIN_INVALID_PARAMS', owner.setTillTerms(agent, unpaid));
      await owner.setTillTerms(agent, { ...NO_TERMS, models: [{ id: taskId, bps: 5000 }] });
      await pay(agent, 10_000n);
      await owner.collectTill(agent, token());
      const accounts = await Promise.all(trainers.map(({ account }) => owner.memberAccount(taskId, account)));
      const total = accounts.reduce((sum, member) => sum + (member?.earned ?? 0n), 0n);
      for (const [i, trainer] of trainers.entries()) {
        const due = (4950n * (accounts[i]?.earned ?? 0n)) / total;
        expect(await owner.royalties(token(), trainer.account, [taskId, taskId])).toBe(due);
        if (due === 0n) continue;
        const before = await owner.balance(token(), trainer.account);
        expect((await trainer.claimRoyalties(token(), [taskId])).amount).toBe(due);
        expect((await owner.balance(token(), trainer.account)) - before).toBe(due);
      }
      await refused('E_CHAIN_NOTHING_TO_CLAIM', owner.claimRoyalties(token(), [taskId]));
    });
  });

  describe('units of agents', () => {
    it('are launched once, bought and sold at their price, and earn their part of each payment', async () => {
      const { owner, trainers } = get();
      const [buyer, other] = [trainers[0]!, trainers[1]!];
      const agent = await anAgent(owner);
      expect(await owner.units(agent)).toBeNull();
      await refused('E_CHAIN_INVALID_PARAMS', buyer.buyUnits(agent, 1n, 1000n));
      await owner.setTillTerms(agent, { ...NO_TERMS, holdersBps: 5000 });
      await refused('E_CHAIN_NOT_ALLOWED', buyer.launchUnits(agent, launch()));
      await refused('E_CHAIN_INVALID_PARAMS', owner.launchUnits(agent, launch({ holdersBps: 5001 })));
      await owner.launchUnits(agent, launch({ holdersBps: 4000, creatorUnits: 2n, vestingSeconds: 1000 }));
      await refused('E_CHAIN_ALREADY_DONE', owner.launchUnits(agent, launch()));
      expect(await owner.quotePurchase(agent, 2n)).toEqual({ amount: 250n, fee: 2n });
      await refused('E_CHAIN_WRONG_PHASE', buyer.buyUnits(agent, 2n, 251n));
      expect((await buyer.buyUnits(agent, 2n, 252n)).paid).toBe(252n);
      expect(await owner.units(agent, buyer.account)).toMatchObject({
        ...{ holdersBps: 4000, creatorUnits: 2n, creator: owner.account, description: 'units of an agent' },
        ...{ supply: 4n, reserve: 460n, held: 2n, revenue: 0n, locked: 2n },
      });
      await refused('E_CHAIN_NOT_MATURE', owner.sellUnits(agent, 1n, 0n));
      await refused('E_CHAIN_INVALID_PARAMS', other.sellUnits(agent, 1n, 0n));
      await pay(agent, 1000n);
      expect((await buyer.sellUnits(agent, 1n, 0n)).received).toBe(129n);
      expect(await owner.units(agent, buyer.account)).toMatchObject({ held: 1n, revenue: 247n });
      const before = await owner.balance(token(), buyer.account);
      expect((await buyer.claimUnitRevenue([agent])).amounts).toEqual([{ agentId: agent, amount: 247n }]);
      expect((await owner.balance(token(), buyer.account)) - before).toBe(247n);
      await refused('E_CHAIN_NOTHING_TO_CLAIM', buyer.claimUnitRevenue([agent]));
      await refused('E_CHAIN_NOT_ALLOWED', owner.setTillTerms(agent, NO_TERMS));
    });
  });
}
