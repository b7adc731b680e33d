import { describe, expect, it } from 'vitest';
import { DEPOSIT, type Fixture, refused, STAKE } from './fixture.ts';

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

    it('a deposit of zero, behind no identity, or without the tokens is refused', async () => {
      const { owner, world, agentOf } = get();
      const mine = agentOf.call(get(), owner);
      await refused('E_CHAIN_INVALID_PARAMS', owner.depositStake(world.token, mine, 0n));
      await refused('E_CHAIN_INVALID_PARAMS', owner.depositStake(world.token, 10n ** 9n, 1n));
      await refused('E_CHAIN_STAKE_REQUIRED', world.poor.depositStake(world.token, mine, DEPOSIT));
    });
  });
}
