import { G1_INFINITY, SHARE_ONE } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { elsewhere, type Fixture, refused } from './fixture.ts';

/** Verdicts that are asked for on chain, and trainers that say they were available. */
export function describeDisputes(get: () => Fixture): void {
  describe('verdicts on chain', () => {
    it('a candidate requests verdicts once, each validator posts its own once, and anyone can read them', async () => {
      const f = get();
      const taskId = await f.running();
      const [first, second] = f.validators as [Fixture['owner'], Fixture['owner']];
      const verdict = { unavailable: [2], rejected: [], novelty: G1_INFINITY, lossBefore: 7n, lossAfter: 3n };
      await f.toReference(taskId);
      await refused('E_CHAIN_WRONG_PHASE', f.aggregators[0]!.requestVerdicts(taskId, 1));
      for (const port of f.validators) await f.openSeal(port, taskId, 1);
      const vote = await first.signVerdict(await f.owner.round(taskId, 1), verdict);
      await refused('E_CHAIN_WRONG_PHASE', first.postVerdict(taskId, 1, verdict, vote));
      await refused('E_CHAIN_NOT_YOUR_TURN', f.trainers[0]!.requestVerdicts(taskId, 1));
      const candidate = await f.drawn(taskId);
      const other = f.aggregators.find((a) => a !== candidate)!;
      await refused('E_CHAIN_NOT_YOUR_TURN', other.requestVerdicts(taskId, 1));
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', candidate.requestVerdicts(taskId, 1));
      const owed = () => Promise.all([first, second, candidate].map((p) => f.owed(p.account, [])));
      const before = await owed();
      const held = await f.balance(candidate.account);
      await f.request(taskId);
      // Half of 3 % of a round's budget of 500,001, in two equal parts.
      expect(held - (await f.balance(candidate.account))).toBe(7_500n);
      await refused('E_CHAIN_ALREADY_DONE', candidate.requestVerdicts(taskId, 1));
      expect(await f.owner.postedVerdicts(taskId, 1)).toEqual([]);
      // Anyone may hand it over.
      await f.trainers[0]!.postVerdict(taskId, 1, verdict, vote);
      await refused('E_CHAIN_ALREADY_DONE', first.postVerdict(taskId, 1, verdict, vote));
      const forged = { ...vote, validator: second.account };
      await refused('E_CHAIN_INVALID_VOTES', second.postVerdict(taskId, 1, verdict, forged));
      for (const what of ['updates', 'references'] as const) {
        const seen = elsewhere(await f.owner.round(taskId, 1), what);
        const foreign = await second.signVerdict(seen, verdict);
        await refused('E_CHAIN_INVALID_VOTES', second.postVerdict(taskId, 1, verdict, foreign));
      }
      expect(await f.owner.round(taskId, 1)).toMatchObject({ verdictsRequested: true, verdictsPosted: [0] });
      expect(await f.owner.postedVerdicts(taskId, 1)).toEqual([{ verdict, vote }]);
      // Validators that post are paid; the unearned rest returns to the candidate.
      expect((await owed()).map((amount, i) => amount - before[i]!)).toEqual([3_750n, 0n, 0n]);
      await f.timeOut(taskId);
      expect((await owed()).map((amount, i) => amount - before[i]!)).toEqual([3_750n, 0n, 3_750n]);
    });

    it('validators that post no verdict are slashed if the round ends void, and candidates without verdicts are not', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toSettle(taskId);
      const [first, silent] = f.validators as [Fixture['owner'], Fixture['owner']];
      await f.request(taskId);
      const verdict = { unavailable: [], rejected: [], novelty: G1_INFINITY, lossBefore: 7n, lossAfter: 3n };
      const judged = await f.owner.round(taskId, 1);
      await first.postVerdict(taskId, 1, verdict, await first.signVerdict(judged, verdict));
      const ports = [first, silent, ...f.aggregators];
      const before = await Promise.all(ports.map((port) => f.pool(port)));
      await f.timeOut(taskId);
      const lost = await Promise.all(ports.map(async (port, i) => before[i]! - (await f.pool(port))));
      expect(lost).toEqual([0n, 300n, 0n, 0n]);
      expect(await f.owner.postedVerdicts(taskId, 1)).toHaveLength(1);
      expect(await f.owner.round(taskId, 1)).toMatchObject({ verdictsRequested: true, verdictsPosted: [0] });
    });

    it('candidates that had the votes of a majority and did not settle are slashed', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toSettle(taskId);
      const before = await Promise.all(f.aggregators.map((port) => f.pool(port)));
      await f.timeOut(taskId);
      const after = await Promise.all(f.aggregators.map((port) => f.pool(port)));
      expect(before.map((amount, i) => amount - after[i]!)).toEqual([300n, 300n]);
    });
  });

  describe('a trainer found unavailable', () => {
    /** A task of three validators, two of which found trainer 1 unavailable in round 1 of `rounds`. */
    const accused = async (rounds = 1): Promise<{ taskId: bigint; validators: Fixture['owner'][] }> => {
      const f = get();
      const taskId = await f.withThreeValidators({ rounds });
      const validators = [...f.validators, f.aggregators[0]!];
      await f.toSettle(taskId, 1, validators);
      const lists = { unavailable: [1], rejected: [], novelty: G1_INFINITY };
      const votes = await f.votes(taskId, 1, lists, f.validators);
      const given = f.settlement([1, 0, 0], [SHARE_ONE, 0, 0], { ...lists, votes });
      await f.settle(await f.drawn(taskId), taskId, 1, given);
      return { taskId, validators };
    };

    it('a trainer found unavailable has a case, in which it publishes its payload and anyone reads it', async () => {
      const f = get();
      const { taskId } = await accused();
      const found = (await f.owner.unavailabilityCase(taskId, 1, 1))!;
      const { contestSeconds, openCases } = await f.owner.task(taskId);
      expect(found).toMatchObject({ accusers: [0, 1], resolved: false });
      expect(found.deadline - (await f.owner.now())).toBeGreaterThan(contestSeconds - 60);
      expect(openCases).toBe(1);
      expect(await f.owner.unavailabilityCase(taskId, 1, 0)).toBeNull();
      const { account } = f.trainers[1]!;
      expect(await f.owner.publishedPayload(taskId, 1, account)).toBeNull();
      const payload = Uint8Array.from({ length: 1_000 }, (_, i) => i % 251);
      await refused('E_CHAIN_NO_CASE', f.trainers[0]!.publishPayload(taskId, 1, payload));
      await f.trainers[1]!.publishPayload(taskId, 1, payload);
      expect(await f.owner.publishedPayload(taskId, 1, account)).toEqual(payload);
      expect(await f.owner.publishedPayload(taskId, 1, f.trainers[0]!.account)).toBeNull();
    });

    it('a trainer found unavailable wins with the signatures of a majority, and the accuser that is not among them is slashed', async () => {
      const f = get();
      const { taskId, validators } = await accused();
      const judged = await f.owner.round(taskId, 1);
      const sign = (port: Fixture['owner'], trainer = 1) => port.signAvailable(judged, trainer);
      const [first, second, third] = validators as [Fixture['owner'], Fixture['owner'], Fixture['owner']];
      const contest = async (...votes: Parameters<Fixture['owner']['contest']>[3]) =>
        f.trainers[1]!.contest(taskId, 1, 1, votes);
      await refused('E_CHAIN_INVALID_VOTES', contest(await sign(third)));
      await refused('E_CHAIN_INVALID_VOTES', contest(await sign(third), await sign(third)));
      await refused('E_CHAIN_INVALID_VOTES', contest(await sign(third), await sign(first, 2)));
      await refused('E_CHAIN_INVALID_VOTES', contest(await sign(third), await sign(f.trainers[1]!)));
      const before = await first.signAvailable(elsewhere(judged, 'updates'), 1);
      await refused('E_CHAIN_INVALID_VOTES', contest(await sign(third), before));
      const says = [await sign(first), before].map((vote) => f.owner.isAvailableOf(vote, judged, 1));
      expect(says).toEqual([true, false]);
      const nobody = f.owner.contest(taskId, 1, 2, [await sign(third), await sign(first)]);
      await refused('E_CHAIN_NO_CASE', nobody);
      const staked = await Promise.all(validators.map((port) => f.pool(port)));
      await contest(await sign(third), await sign(first));
      const { deadline, available } = (await f.owner.unavailabilityCase(taskId, 1, 1))!;
      expect(available).toEqual([0, 2]);
      await refused('E_CHAIN_ALREADY_DONE', contest(await sign(third)));
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', f.owner.resolveCase(taskId, 1, 1));
      // As long again for the accuser that is missing.
      await f.world.passTime(deadline - (await f.owner.now()) + 1);
      await f.owner.resolveCase(taskId, 1, 1);
      const lost = await Promise.all(validators.map(async (port, i) => staked[i]! - (await f.pool(port))));
      expect(lost).toEqual([0n, 2_000n, 0n]);
      expect(await f.owner.unavailabilityCase(taskId, 1, 1)).toMatchObject({ resolved: true });
      expect((await f.owner.task(taskId)).openCases).toBe(0);
      await refused('E_CHAIN_ALREADY_DONE', contest(await sign(third), await sign(second)));
      await refused('E_CHAIN_ALREADY_DONE', f.owner.resolveCase(taskId, 1, 1));
    });

    it('a trainer found unavailable is slashed if no one contests in time', async () => {
      const f = get();
      const { taskId, validators } = await accused();
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', f.owner.resolveCase(taskId, 1, 1));
      await refused('E_CHAIN_NO_CASE', f.owner.resolveCase(taskId, 1, 0));
      const { deadline } = (await f.owner.unavailabilityCase(taskId, 1, 1))!;
      await f.world.passTime(deadline - (await f.owner.now()) + 1);
      const judged = await f.owner.round(taskId, 1);
      const votes = await Promise.all(validators.map((port) => port.signAvailable(judged, 1)));
      await refused('E_CHAIN_DEADLINE_PASSED', f.owner.contest(taskId, 1, 1, votes));
      await refused('E_CHAIN_DEADLINE_PASSED', f.trainers[1]!.publishPayload(taskId, 1, new Uint8Array(4)));
      const before = await f.pool(f.trainers[1]!);
      await f.owner.resolveCase(taskId, 1, 1);
      expect(before - (await f.pool(f.trainers[1]!))).toBe(2_000n);
      await refused('E_CHAIN_ALREADY_DONE', f.owner.resolveCase(taskId, 1, 1));
    });

    it('accusers get their stake back only when the case is closed, and others at once', async () => {
      const f = get();
      const { taskId } = await accused();
      const accounts = [f.trainers[1]!, f.validators[0]!].map((port) => port.account);
      for (const account of accounts) {
        await refused('E_CHAIN_CASE_OPEN', f.owner.releaseStake(taskId, account));
      }
      await f.owner.releaseStake(taskId, f.trainers[0]!.account);
      const { deadline } = (await f.owner.unavailabilityCase(taskId, 1, 1))!;
      await f.world.passTime(deadline - (await f.owner.now()) + 1);
      await f.owner.resolveCase(taskId, 1, 1);
      for (const account of accounts) await f.owner.releaseStake(taskId, account);
    });
  });
}
