import { G1_INFINITY, type Hex, SHARE_ONE, type VerdictVote } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { G1_GENERATOR, mulG1 } from '../../twins/bn254.ts';
import { elsewhere, type Fixture, refused, vector } from './fixture.ts';

/** What ends a round: who may, what it pays, and the votes that it needs. */
export function describeSettlement(get: () => Fixture): void {
  describe('settlement', () => {
    it('a settlement pays shares and fees of the round, and keeps the rest in escrow', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toSettle(taskId);
      const owed = () => Promise.all(f.members.map((p) => f.owed(p.account, [taskId])));
      const before = await owed();
      const aggregator = await f.drawn(taskId);
      const shares = [SHARE_ONE / 2, SHARE_ONE / 4, 0];
      await f.settle(aggregator, taskId, 1, f.settlement([40000, 20000, 5536], shares));
      const settled = (await f.owner.settledRound(taskId, 1))!;
      // Budget of round 1: floor(1000003 / 2) = 500001; fees are floors of 1 %, 3 % and 2 %.
      expect(settled).toMatchObject({
        taskId,
        round: 1,
        aggregator: aggregator.account,
        weights: [40000, 20000, 5536],
        shares,
        rewards: [235_000n, 117_500n, 0n],
        unavailable: [],
        rejected: [],
        protocolFee: 5_000n,
        aggregatorFee: 15_000n,
        validatorFee: 10_000n,
        lossBefore: 2_000_000n,
        lossAfter: 1_000_000n,
        budget: 500_001n,
        pool: 470_001n,
      });
      const credited = (await owed()).map((amount, i) => amount - before[i]!);
      const fee = f.aggregators.map((a) => (a === aggregator ? 15_000n : 0n));
      expect(credited).toEqual([235_000n, 117_500n, 0n, 5_000n, 5_000n, ...fee]);
      const task = await f.owner.task(taskId);
      expect(task).toMatchObject({ round: 2, status: 'running', remaining: 1_000_003n - 382_500n });
      expect(task.protocolFees).toBe(5_000n);
      expect(task.totalCommitment).toEqual(mulG1(G1_GENERATOR, 40000n * 2n + 20000n * 3n + 5536n * 4n));
      expect((await f.owner.round(taskId, 1)).phase).toBe('settled');
      expect((await f.owner.round(taskId, 1)).updates).toEqual([2n, 3n, 4n].map(vector));
      expect((await f.owner.round(taskId, 2)).updates).toEqual([null, null, null]);
      expect(await f.owner.roundRecord(taskId, 1)).toEqual({
        round: 1,
        pool: 470_001n,
        included: [0, 1, 2],
        shares,
      });
      expect(await f.owner.roundRecord(taskId, 2)).toBeNull();
      const account = await f.owner.memberAccount(taskId, f.trainers[0]!.account);
      expect(account).toMatchObject({ earned: 235_000n, claimed: 0n, vesting: 0n, released: false });
    });

    it('a settlement adds every aggregate to the total commitment', async () => {
      const f = get();
      const taskId = await f.running();
      for (const round of [1, 2]) {
        await f.toSettle(taskId, round);
        await f.settle(await f.drawn(taskId, round), taskId, round, f.settlement([65536, 0, 0], [0, 0, 0]));
      }
      const task = await f.owner.task(taskId);
      expect(task.status).toBe('ended');
      expect(task.totalCommitment).toEqual(mulG1(G1_GENERATOR, 2n * 65536n * 2n));
    });

    it('a settlement by anyone but the candidate of the window is refused; after the last window anyone may', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toSettle(taskId);
      const first = await f.drawn(taskId);
      const second = f.aggregators.find((a) => a !== first)!;
      const given = f.settlement([1, 0, 0], [0, 0, 0]);
      await refused('E_CHAIN_NOT_YOUR_TURN', f.settle(second, taskId, 1, given));
      await refused('E_CHAIN_NOT_YOUR_TURN', f.settle(f.owner, taskId, 1, given));
      await f.world.passTime(101);
      await refused('E_CHAIN_NOT_YOUR_TURN', f.settle(first, taskId, 1, given));
      await f.world.passTime(100);
      const before = [await f.pool(first), await f.pool(second)] as const;
      await f.settle(f.owner, taskId, 1, given);
      expect((await f.owner.settledRound(taskId, 1))!.aggregator).toBe(f.owner.account);
      // Both let their window pass.
      expect(before[0] - (await f.pool(first))).toBe(300n);
      expect(before[1] - (await f.pool(second))).toBe(300n);
    });

    it('a round without a settlement in any window is void, and its budget rolls on', async () => {
      const f = get();
      const taskId = await f.running({ stake: 0n });
      await f.toSettle(taskId);
      const { deadline } = await f.owner.round(taskId, 1);
      await f.world.passTime(deadline - (await f.owner.now()) + 1);
      const late = f.settle(f.owner, taskId, 1, f.settlement([1, 0, 0], [0, 0, 0]));
      await refused('E_CHAIN_DEADLINE_PASSED', late);
      await f.owner.advance(taskId);
      await f.toSettle(taskId, 2);
      const given = f.settlement([0, 0, 0], [SHARE_ONE, 0, 0]);
      await f.settle(await f.drawn(taskId, 2), taskId, 2, given);
      // All of the budget less 6 % of fees, each rounded down.
      const rewards = (await f.owner.settledRound(taskId, 2))!.rewards;
      expect(rewards[0]).toBe(1_000_003n - 10_000n - 30_000n - 20_000n);
    });

    it('a settlement with sums or entries out of range, or something for an absent trainer, is refused', async () => {
      const f = get();
      const taskId = await f.running();
      await f.commit(0, taskId, 1);
      await f.commit(1, taskId, 1);
      for (const port of f.validators) await f.seal(port, taskId, 1);
      await f.timeOut(taskId);
      for (const port of f.validators) await f.openSeal(port, taskId, 1);
      const aggregator = await f.drawn(taskId);
      const zeros = [0, 0, 0];
      const wrong: [number[], number[]][] = [
        [[65536, 1, 0], zeros],
        [zeros, [SHARE_ONE, 1, 0]],
        [[2 ** 17, 0, 0], zeros],
        [zeros, [2 ** 33, 0, 0]],
        [[0, 0, 1], zeros],
        [zeros, [0, 0, 1]],
        [[0, 0, 0, 1], zeros],
      ];
      for (const [weights, shares] of wrong) {
        const given = f.settlement(weights, shares);
        await refused('E_CHAIN_INVALID_SETTLEMENT', f.settle(aggregator, taskId, 1, given));
      }
      await f.settle(aggregator, taskId, 1, f.settlement([65536, 0, 0], [SHARE_ONE, 0, 0]));
    });

    it('a settlement of a round that is over is refused', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toSettle(taskId);
      const aggregator = await f.drawn(taskId);
      const given = f.settlement([1, 0, 0], [0, 0, 0]);
      await f.settle(aggregator, taskId, 1, given);
      await refused('E_CHAIN_WRONG_PHASE', f.settle(aggregator, taskId, 1, given));
    });

    it('a settlement leaves out trainers that a majority of the validators found unavailable', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toSettle(taskId);
      const aggregator = await f.drawn(taskId);
      const lists = { unavailable: [1], rejected: [], novelty: G1_INFINITY };
      const votes = await f.votes(taskId, 1, lists);
      const given = f.settlement([100, 0, 200], [1, 0, 1], { ...lists, votes });
      await f.settle(aggregator, taskId, 1, given);
      expect((await f.owner.settledRound(taskId, 1))!.unavailable).toEqual([1]);
      expect((await f.owner.roundRecord(taskId, 1))!.included).toEqual([0, 2]);
      expect(await f.owner.settlement(taskId, 1)).toEqual(given);
      expect(await f.owner.settlement(taskId, 2)).toBeNull();
    });

    it('a settlement leaves out references that a majority rejected, pays nothing for them and slashes', async () => {
      const f = get();
      const taskId = await f.withThreeValidators();
      const validators = [...f.validators, f.aggregators[0]!];
      await f.toSettle(taskId, 1, validators);
      const lists = { unavailable: [], rejected: [1], novelty: G1_INFINITY };
      const votes = await f.votes(taskId, 1, lists, validators);
      const before = await f.pool(f.validators[1]!);
      const owed = await f.owed(f.validators[1]!.account, [taskId]);
      const aggregator = await f.drawn(taskId);
      const given = f.settlement([1, 0, 0], [0, 0, 0], { ...lists, votes });
      await f.settle(aggregator, taskId, 1, given);
      expect(await f.owner.settledRound(taskId, 1)).toMatchObject({ rejected: [1], validatorFee: 10_000n });
      expect(before - (await f.pool(f.validators[1]!))).toBe(2_000n);
      expect(await f.owed(f.validators[1]!.account, [taskId])).toBe(owed);
      // Rejecting a reference that was never opened, or all of them, settles nothing.
      await f.toReference(taskId, 2, validators);
      await f.openSeal(f.validators[0]!, taskId, 2);
      await f.timeOut(taskId);
      for (const rejected of [[1], [0]]) {
        const wrong = { unavailable: [], rejected };
        const signed = await f.votes(taskId, 2, wrong, validators);
        const settlement = f.settlement([1, 0, 0], [0, 0, 0], { ...wrong, votes: signed });
        const candidate = await f.drawn(taskId, 2);
        await refused('E_CHAIN_INVALID_SETTLEMENT', f.settle(candidate, taskId, 2, settlement));
      }
    });

    it('a settlement releases less if the median loss did not fall, and keeps the rest in escrow', async () => {
      const f = get();
      const taskId = await f.withThreeValidators({ stagnationBps: 2_500 });
      const validators = [...f.validators, f.aggregators[0]!];
      for (const [round, after, pool] of [
        [1, [5n, 3n, 9n], 470_001n / 4n],
        [2, [4n, 3n, 9n], null],
      ] as const) {
        await f.toSettle(taskId, round, validators);
        const lists = { unavailable: [], rejected: [], novelty: G1_INFINITY };
        const judged = await f.owner.round(taskId, round);
        const votes = await Promise.all(
          validators.map((v, i) => v.signVerdict(judged, { ...lists, lossBefore: 5n, lossAfter: after[i]! })),
        );
        const given = f.settlement([0, 0, 0], [SHARE_ONE, 0, 0], { votes });
        await f.settle(await f.drawn(taskId, round), taskId, round, given);
        const settled = (await f.owner.settledRound(taskId, round))!;
        expect(settled).toMatchObject({ lossBefore: 5n, lossAfter: after[0] });
        // 1 %, 3 % and 2 % of the round's budget, each rounded down; of the last, what three divide.
        const whole = [100n, 300n, 200n].reduce(
          (rest, bps) => rest - (settled.budget * bps) / 10_000n,
          settled.budget,
        );
        expect(settled.pool).toBe(pool ?? whole);
        expect(settled.rewards[0]).toBe(settled.pool);
      }
    });

    it('a settlement with forged, repeated, too few or foreign votes is refused', async () => {
      const f = get();
      const taskId = await f.running();
      const other = await f.running();
      await f.toSettle(taskId);
      const aggregator = await f.drawn(taskId);
      const [first, second] = f.validators as [Fixture['owner'], Fixture['owner']];
      const verdict = { unavailable: [1], rejected: [], novelty: G1_INFINITY, lossBefore: 2n, lossAfter: 1n };
      const judged = await f.owner.round(taskId, 1);
      const good = await first.signVerdict(judged, verdict);
      const also = await second.signVerdict(judged, verdict);
      const trainer = await f.trainers[0]!.signVerdict(judged, verdict);
      const flipped = `0x${(Number.parseInt(also.signature.slice(2, 4), 16) ^ 1).toString(16).padStart(2, '0')}`;
      const forgeries = [
        [good],
        [good, good],
        [good, trainer],
        [good, { ...trainer, validator: second.account }],
        [good, { ...also, lossAfter: 0n }],
        [good, { ...also, signature: `${flipped}${also.signature.slice(4)}` as Hex }],
        [good, { ...also, signature: '0x' as Hex }],
        [good, { ...also, signature: malleated(also.signature) }],
        [good, await second.signVerdict({ ...judged, round: 2 }, verdict)],
        [good, await second.signVerdict({ ...judged, taskId: other }, verdict)],
        [good, await second.signVerdict(judged, { ...verdict, unavailable: [1, 2] })],
        [good, await second.signVerdict(judged, { ...verdict, rejected: [0] })],
        [good, await second.signVerdict(elsewhere(judged, 'updates'), verdict)],
        [good, await second.signVerdict(elsewhere(judged, 'references'), verdict)],
      ];
      for (const votes of forgeries) {
        const given = f.settlement([1, 0, 0], [1, 0, 0], { unavailable: [1], votes });
        await refused('E_CHAIN_INVALID_VOTES', aggregator.settle(taskId, 1, given));
      }
      // A collector of votes gets the same result for each.
      const says = (vote: VerdictVote, state = judged) => aggregator.isVerdictOf(vote, state, verdict);
      expect([good, also].every((vote) => says(vote))).toBe(true);
      for (const [, vote] of forgeries.slice(3)) expect(says(vote!)).toBe(false);
      expect(says(good, elsewhere(judged, 'updates'))).toBe(false);
      // Votes for another list, or none at all: no one said that the payloads are available.
      const others = f.settlement([1, 0, 0], [1, 0, 0], { votes: [good, also] });
      await refused('E_CHAIN_INVALID_VOTES', aggregator.settle(taskId, 1, others));
      const none = f.settlement([1, 0, 0], [1, 0, 0]);
      await refused('E_CHAIN_INVALID_VOTES', aggregator.settle(taskId, 1, none));
      const rewarded = f.settlement([0, 1, 0], [0, 0, 0], { unavailable: [1], votes: [good, also] });
      await refused('E_CHAIN_INVALID_SETTLEMENT', aggregator.settle(taskId, 1, rewarded));
    });
  });
}

/** The other signature of the same message: s' = order - s with the other parity, which EIP-2 rules out. */
function malleated(signature: Hex): Hex {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = order - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.slice(130) === '1b' ? '1c' : '1b';
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}` as Hex;
}
