import { type ChainPort, type StakePosition, unlockedShares } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { DEPOSIT, type Fixture, refused, STAKE } from './fixture.ts';

/** The pool behind an account's first identity. */
async function positionOf(fixture: Fixture, port: ChainPort): Promise<StakePosition> {
  const { positions } = await port.stakeAccount(port.account);
  return positions.find(({ agentId }) => agentId === fixture.agentOf(port))!;
}

/** Identities, and stake behind them. */
export function describeIdentities(get: () => Fixture): void {
  describe('identities and stake', () => {
    it('an account finds the first identity that it registered', async () => {
      const { owner, agents } = get();
      expect(await owner.identity()).toBe(agents.get(owner.account));
      const { agentId } = await owner.registerIdentity('ipfs://another');
      expect(agentId).not.toBe(agents.get(owner.account));
      expect(await owner.identity()).toBe(agents.get(owner.account));
      expect(await owner.reputation(agentId)).toBe(0);
    });

    it('stake can be deposited even behind another’s identity, and its shares belong to the payer', async () => {
      const { owner, trainers, world } = get();
      const { agentId } = await trainers[0]!.registerIdentity('ipfs://delegated');
      const before = await get().balance(owner.account);
      await trainers[0]!.depositStake(world.token, agentId, 1_000n);
      await owner.depositStake(world.token, agentId, 3_000n);
      expect(before - (await get().balance(owner.account))).toBe(3_000n);
      expect(await owner.stake(world.token, agentId)).toEqual({ tokens: 4_000n, locked: 0n, free: 4_000n });
      const [mine, theirs] = [
        await owner.stakeShares(world.token, agentId),
        await trainers[0]!.stakeShares(world.token, agentId),
      ];
      expect(mine.value).toBe(3_000n);
      expect(theirs.value).toBe(1_000n);
      expect(mine.shares).toBe(3n * theirs.shares);
    });

    it('stake returns to its depositor after the unbonding delay and not before', async () => {
      const { owner, world, trainers } = get();
      const { agentId } = await owner.registerIdentity('ipfs://unbonding');
      await owner.depositStake(world.token, agentId, 1_000n);
      const { shares } = await owner.stakeShares(world.token, agentId);
      const now = await owner.now();
      const { ticket } = await owner.requestUnbond(world.token, agentId, shares);
      expect(ticket).toMatchObject({ token: world.token, agentId, shares });
      expect(ticket.maturesAt).toBeGreaterThan(now + 3600);
      expect(await owner.stake(world.token, agentId)).toEqual({ tokens: 1_000n, locked: 0n, free: 0n });
      await refused('E_CHAIN_NOT_MATURE', owner.withdrawStake(ticket.id));
      await refused('E_CHAIN_NOT_ALLOWED', trainers[0]!.withdrawStake(ticket.id));
      await world.passTime(ticket.maturesAt - (await owner.now()) + 1);
      const before = await get().balance(owner.account);
      expect((await owner.withdrawStake(ticket.id)).amount).toBe(1_000n);
      expect((await get().balance(owner.account)) - before).toBe(1_000n);
      await refused('E_CHAIN_NOT_ALLOWED', owner.withdrawStake(ticket.id));
    });

    it('zero stake, more than the account has, or locked stake cannot be unbonded', async () => {
      const f = get();
      const port = f.trainers[0]!;
      const { token } = f.world;
      const { agentId } = await port.registerIdentity('ipfs://locked');
      await port.depositStake(token, agentId, STAKE + 5n);
      const { shares } = await port.stakeShares(token, agentId);
      await refused('E_CHAIN_INVALID_PARAMS', port.requestUnbond(token, agentId, 0n));
      await refused('E_CHAIN_NOT_ALLOWED', port.requestUnbond(token, agentId, shares + 1n));
      const taskId = await f.create();
      const { agreement } = await port.task(taskId);
      await port.join(taskId, { agreement, agentId, roles: ['trainer'], peerId: 'p' });
      expect(await port.stake(token, agentId)).toEqual({ tokens: STAKE + 5n, locked: STAKE, free: 5n });
      await refused('E_CHAIN_STAKE_REQUIRED', port.requestUnbond(token, agentId, shares));
    });

    it('an account’s stake is read whole: pools, who delegated, what is unbonding', async () => {
      const f = get();
      const [, port, other] = f.trainers;
      const { token } = f.world;
      const { agentId } = await port!.registerIdentity('ipfs://second');
      await port!.depositStake(token, agentId, 600n);
      await other!.depositStake(token, agentId, 400n);
      const { shares } = await other!.stakeShares(token, agentId);
      const { ticket } = await other!.requestUnbond(token, agentId, shares / 4n);
      const theirs = await other!.stakeAccount(other!.account);
      expect(theirs).toMatchObject({ account: other!.account, agentId: f.agentOf(other!) });
      const delegated = theirs.positions.find((position) => position.agentId === agentId)!;
      const each = shares / 4n;
      expect(delegated).toEqual({
        token,
        agentId,
        owner: port!.account,
        pool: { tokens: 1_000n, locked: 0n, shares: 10n * each, unbonding: each },
        shares: 3n * each,
        tickets: [ticket],
        locks: [],
        holders: [
          { account: port!.account, shares: 6n * each },
          { account: other!.account, shares: 3n * each },
        ],
        slashes: [],
      });
      // Every account reads the same.
      expect(await f.owner.stakeAccount(other!.account)).toEqual(theirs);
      const contract = await port!.stakeContract();
      expect(contract).toMatch(/^0x[0-9a-f]{40}$/);
      expect(await other!.stakeContract()).toBe(contract);
      await f.world.passTime(await port!.unbondSeconds());
      await other!.withdrawStake(ticket.id);
      const after = (await other!.stakeAccount(other!.account)).positions.find((p) => p.agentId === agentId)!;
      expect(after.tickets).toEqual([]);
      expect(after.pool).toEqual({ tokens: 900n, locked: 0n, shares: 9n * each, unbonding: 0n });
      expect(await f.owner.identity(other!.account)).toBe(f.agentOf(other!));
    });

    it('a lock, and what an offence took of it, are in the pool’s account', async () => {
      const f = get();
      const { token } = f.world;
      const [absent] = f.trainers;
      const taskId = await f.running();
      const before = await positionOf(f, absent!);
      expect(before.locks).toContainEqual({ taskId, amount: STAKE });
      for (const i of [1, 2]) await f.commit(i, taskId, 1);
      for (const validator of f.validators) await f.seal(validator, taskId, 1);
      await f.timeOut(taskId);
      const after = await positionOf(f, absent!);
      const [slash] = after.slashes;
      expect(slash).toMatchObject({ taskId, amount: before.pool.tokens - after.pool.tokens });
      expect(slash!.amount).toBeGreaterThan(0n);
      expect(slash!.block).toBeGreaterThan(0);
      expect(after.locks).toContainEqual({ taskId, amount: STAKE - slash!.amount });
      // All that is free, to the last share, and not one share more; what it is worth was rounded down.
      const free = unlockedShares(after.pool);
      await refused('E_CHAIN_STAKE_REQUIRED', absent!.requestUnbond(token, after.agentId, free + 1n));
      await absent!.requestUnbond(token, after.agentId, free);
      expect((await absent!.stake(token, after.agentId)).free).toBe(0n);
      // The tests after this one join tasks with it.
      await absent!.depositStake(token, after.agentId, DEPOSIT);
    });

    it('a deposit of zero, behind no identity, or without the tokens is refused', async () => {
      const { owner, world, agentOf } = get();
      const mine = agentOf.call(get(), owner);
      await refused('E_CHAIN_INVALID_PARAMS', owner.depositStake(world.token, mine, 0n));
      await refused('E_CHAIN_INVALID_PARAMS', owner.depositStake(world.token, 10n ** 9n, 1n));
      await refused('E_CHAIN_STAKE_REQUIRED', world.poor.depositStake(world.token, mine, DEPOSIT));
    });
  });
}
