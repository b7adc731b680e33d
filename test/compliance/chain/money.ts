import { SHARE_ONE } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused, STAKE } from './fixture.ts';

/** Claims, refunds, stake and fees. */
export function describeMoney(get: () => Fixture, propertyRuns: number): void {
  describe('money', () => {
    /** A settled task of one round: everything, or another share, to the first trainer. */
    const settled = async (share = SHARE_ONE): Promise<bigint> => {
      const f = get();
      const taskId = await f.running({ rounds: 1 });
      await f.toSettle(taskId);
      const given = f.settlement([0, 0, 0], [share, 0, 0]);
      await f.settle(await f.drawn(taskId), taskId, 1, given);
      return taskId;
    };

    it('a claim pays the named tasks and all fees once', async () => {
      const f = get();
      const [taskId, other] = [await settled(), await settled()];
      const trainer = f.trainers[0]!;
      const reward = 1_000_003n - 10_000n - 30_000n - 20_000n;
      expect(await f.owed(trainer.account, [taskId])).toBe(reward);
      expect(await f.owed(trainer.account, [taskId, other, taskId])).toBe(2n * reward);
      const before = await f.balance(trainer.account);
      expect((await trainer.claim(f.world.token, [taskId, taskId])).amount).toBe(reward);
      expect((await f.balance(trainer.account)) - before).toBe(reward);
      expect(await f.owed(trainer.account, [taskId])).toBe(0n);
      await refused('E_CHAIN_NOTHING_TO_CLAIM', trainer.claim(f.world.token, [taskId]));
      const account = await f.owner.memberAccount(taskId, trainer.account);
      expect(account).toMatchObject({ earned: reward, claimed: reward });
      expect((await trainer.claim(f.world.token, [other])).amount).toBe(reward);
      // Fees are by account and token, whatever the task.
      const validator = f.validators[0]!;
      const fees = await f.owed(validator.account, []);
      expect(fees).toBeGreaterThanOrEqual(20_000n);
      expect((await validator.claim(f.world.token, [])).amount).toBe(fees);
    });

    it('a claim can pay to another address', async () => {
      const f = get();
      const taskId = await settled();
      const to = '0x00000000000000000000000000000000000c1a13';
      const before = await f.balance(to);
      const { amount } = await f.trainers[0]!.claim(f.world.token, [taskId], to);
      expect((await f.balance(to)) - before).toBe(amount);
    });

    it('a claim in another token than the task’s, or to the zero address or the contract itself, is refused', async () => {
      const f = get();
      const taskId = await settled();
      const port = f.trainers[0]!;
      const { token } = f.world;
      const other = '0x00000000000000000000000000000000000c1a14';
      const [nobody, itself] = ['0x0000000000000000000000000000000000000000', port.contract] as const;
      await refused('E_CHAIN_INVALID_PARAMS', port.claimable(other, port.account, [taskId]));
      await refused('E_CHAIN_INVALID_PARAMS', port.claim(other, [taskId]));
      for (const to of [nobody, itself]) {
        await refused('E_CHAIN_INVALID_PARAMS', port.claim(token, [taskId], to));
      }
      expect((await port.claim(token, [taskId])).amount).toBeGreaterThan(0n);
    });

    it('rewards of a vesting task are released over the following rounds, and fully when the task has ended', async () => {
      const f = get();
      const taskId = await f.running({ rounds: 4, vestingRounds: 2, budget: 400_000n });
      const trainer = f.trainers[0]!;
      const released: bigint[] = [];
      for (const round of [1, 2, 3, 4]) {
        await f.toSettle(taskId, round);
        const shares = round === 1 ? [SHARE_ONE, 0, 0] : [0, 0, 0];
        await f.settle(await f.drawn(taskId, round), taskId, round, f.settlement([0, 0, 0], shares));
        released.push(await f.owed(trainer.account, [taskId]));
      }
      // 94 % of a quarter of the budget; nothing at once, then half of it after each of two rounds.
      expect(released).toEqual([0n, 47_000n, 94_000n, 94_000n]);
      const account = await f.owner.memberAccount(taskId, trainer.account);
      expect(account).toMatchObject({ earned: 94_000n, vesting: 0n });
      const early = await f.running({ rounds: 2, vestingRounds: 2 });
      await f.toSettle(early, 1);
      await f.settle(await f.drawn(early), early, 1, f.settlement([0, 0, 0], [SHARE_ONE, 0, 0]));
      const vesting = (await f.owner.memberAccount(early, trainer.account))!.vesting;
      expect(vesting).toBe(470_001n);
      await f.runOut(early);
      expect(await f.owed(trainer.account, [early])).toBe(470_001n);
    });

    it('no budget is refunded, and no stake released, before the task has ended', async () => {
      const f = get();
      const taskId = await f.running();
      await refused('E_CHAIN_NOT_ENDED', f.owner.refund(taskId));
      await refused('E_CHAIN_NOT_ENDED', f.owner.releaseStake(taskId, f.trainers[0]!.account));
    });

    it('an ended task returns the rest to the owner and each stake to its pool, once', async () => {
      const f = get();
      const taskId = await settled(SHARE_ONE / 2);
      const rest = (await f.owner.task(taskId)).remaining;
      const before = await f.balance(f.owner.account);
      expect((await f.owner.refund(taskId)).amount).toBe(rest);
      expect((await f.balance(f.owner.account)) - before).toBe(rest);
      await refused('E_CHAIN_NOTHING_TO_CLAIM', f.owner.refund(taskId));
      const port = f.trainers[0]!;
      const agentId = f.agentOf(port);
      const free = (await port.stake(f.world.token, agentId)).free;
      // Anyone may.
      await f.owner.releaseStake(taskId, port.account);
      expect((await port.stake(f.world.token, agentId)).free - free).toBe(STAKE);
      expect(await f.owner.memberAccount(taskId, port.account)).toMatchObject({ released: true });
      await refused('E_CHAIN_ALREADY_DONE', port.releaseStake(taskId, port.account));
      await refused('E_CHAIN_NOT_A_MEMBER', f.owner.releaseStake(taskId, f.owner.account));
    });

    it('anyone can collect protocol fees for the treasury', async () => {
      const f = get();
      const taskId = await settled();
      const before = await f.balance(f.world.treasury);
      expect((await f.trainers[1]!.collectFees(taskId)).amount).toBe(10_000n);
      const received = (await f.balance(f.world.treasury)) - before;
      expect(received).toBe(10_000n);
      await refused('E_CHAIN_NOTHING_TO_CLAIM', f.owner.collectFees(taskId));
    });

    it('each round with a share counts once for reputation', async () => {
      const f = get();
      const port = f.trainers[0]!;
      const agentId = f.agentOf(port);
      const taskId = await f.running({ rounds: 1 });
      await port.requestValidation(taskId, agentId);
      await refused('E_CHAIN_ALREADY_DONE', port.requestValidation(taskId, agentId));
      await refused('E_CHAIN_NOT_ALLOWED', f.trainers[1]!.requestValidation(taskId, agentId));
      await refused('E_CHAIN_WRONG_PHASE', f.owner.attest(taskId, 1));
      await f.toSettle(taskId);
      await f.settle(await f.drawn(taskId), taskId, 1, f.settlement([0, 0, 0], [SHARE_ONE / 2, 0, 0]));
      await f.owner.attest(taskId, 1);
      await refused('E_CHAIN_ALREADY_DONE', f.owner.attest(taskId, 1));
      await f.owner.giveFeedback(taskId, port.account);
      await refused('E_CHAIN_ALREADY_DONE', f.owner.giveFeedback(taskId, port.account));
      // Slashes of other tests may weigh more than this round: a reputation is never below zero.
      expect(await port.reputation(agentId)).toBeGreaterThanOrEqual(0);
    });

    it('feedback waits for every settled round that can still be attested', async () => {
      const f = get();
      const { account } = f.trainers[0]!;
      const taskId = await f.running({ rounds: 3 });
      for (const round of [1, 2]) {
        await f.toSettle(taskId, round);
        await f.settle(
          await f.drawn(taskId, round),
          taskId,
          round,
          f.settlement([0, 0, 0], [SHARE_ONE, 0, 0]),
        );
      }
      await f.runOut(taskId);
      await f.owner.attest(taskId, 1);
      await refused('E_CHAIN_WRONG_PHASE', f.owner.giveFeedback(taskId, account));
      await f.owner.attest(taskId, 2);
      await f.owner.giveFeedback(taskId, account);
    });

    it('escrow and stake add up to the last unit, whatever happens', async () => {
      const f = get();
      const part = fc.integer({ min: 0, max: SHARE_ONE });
      const plan = fc.record({
        budget: fc.bigInt({ min: 1n, max: 10n ** 12n }),
        aggregatorFeeBps: fc.integer({ min: 0, max: 2500 }),
        validatorFeeBps: fc.integer({ min: 0, max: 2500 }),
        vestingRounds: fc.integer({ min: 0, max: 3 }),
        rounds: fc.array(
          fc.record({
            committed: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
            opened: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
            cuts: fc.tuple(part, part),
            settles: fc.boolean(),
          }),
          { minLength: 1, maxLength: 3 },
        ),
      });
      /** Let a phase run out if it has not ended by itself; false if the round is void. */
      const pass = async (taskId: bigint, round: number, phase: string): Promise<boolean> => {
        const state = await f.owner.round(taskId, round);
        if (state.phase === phase) await f.timeOut(taskId);
        return (await f.owner.round(taskId, round)).phase !== 'void';
      };
      await fc.assert(
        fc.asyncProperty(plan, async ({ rounds, ...terms }) => {
          const held = () => f.balance(f.owner.contract);
          const start = await held();
          const feesBefore = await Promise.all(f.members.map((p) => f.owed(p.account, [])));
          const pools = async () =>
            (await Promise.all(f.members.map((p) => f.pool(p)))).reduce((a, b) => a + b, 0n);
          const pooled = await pools();
          const taskId = await f.running({ rounds: rounds.length, ...terms });
          let paid = 0n;
          for (const [index, { committed, opened, cuts, settles }] of rounds.entries()) {
            const round = index + 1;
            // Members that were absent too often are gone, and with too few of them the task is over.
            const state = await f.owner.task(taskId);
            if (state.status === 'ended') break;
            for (const i of f.trainers.keys()) if (committed[i]) await f.commit(i, taskId, round);
            for (const port of f.validators) await f.seal(port, taskId, round);
            if (!(await pass(taskId, round, 'commit'))) continue;
            for (const [i, port] of f.validators.entries())
              if (opened[i]) await f.openSeal(port, taskId, round);
            if (!(await pass(taskId, round, 'reference'))) continue;
            if (!settles) {
              await pass(taskId, round, 'settle');
              continue;
            }
            const [low, high] = cuts[0] < cuts[1] ? cuts : [cuts[1], cuts[0]];
            const shares = [low, high - low, SHARE_ONE - high].map((s, i) => (committed[i] ? s : 0));
            const given = f.settlement([0, 0, 0], shares);
            await f.settle(await f.drawn(taskId, round), taskId, round, given);
            const done = (await f.owner.settledRound(taskId, round))!;
            paid += done.rewards.reduce((a, b) => a + b, 0n) + done.aggregatorFee + done.validatorFee;
          }
          const task = await f.owner.task(taskId);
          expect(task.status).toBe('ended');
          const slashed = pooled - (await pools());
          expect(task.remaining + paid + task.protocolFees).toBe(terms.budget);
          // What absence costs is burned: at most a tenth of each of seven stakes.
          expect(slashed).toBeLessThanOrEqual(7n * 1_000n);
          const owed = await Promise.all(f.members.map((p) => f.owed(p.account, [taskId])));
          const credited = owed.reduce((sum, amount, i) => sum + amount - feesBefore[i]!, 0n);
          expect(credited).toBe(paid);
          expect((await held()) - start).toBe(task.remaining + paid + task.protocolFees);
          for (const port of f.members) await f.owner.releaseStake(taskId, port.account);
          if (task.remaining > 0n) await f.owner.refund(taskId);
          if (task.protocolFees > 0n) await f.owner.collectFees(taskId);
          expect((await held()) - start).toBe(paid);
        }),
        { numRuns: propertyRuns },
      );
    });
  });
}
