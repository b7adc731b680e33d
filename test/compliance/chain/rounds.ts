import { G1_INFINITY, SHARE_ONE } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused, SALT, vector } from './fixture.ts';

/** Commitments and references. */
export function describeRounds(get: () => Fixture): void {
  describe('commit and reference', () => {
    it('the last commitment or seal ends the phase, the last opening the next one', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toReference(taskId);
      const state = await f.owner.round(taskId, 1);
      expect(state.phase).toBe('reference');
      expect(state.updates).toEqual([2n, 3n, 4n].map(vector));
      expect(state.references.map((r) => r.validator)).toEqual(f.validators.map((v) => v.account));
      expect(state.references.map((r) => r.index)).toEqual([0, 1]);
      expect(state.references.every((r) => r.seal !== null && r.opened === null)).toBe(true);
      for (const port of f.validators) await f.openSeal(port, taskId, 1);
      const opened = await f.owner.round(taskId, 1);
      expect(opened.phase).toBe('settle');
      expect(opened.references.map((r) => r.opened)).toEqual(f.validators.map((v) => f.reference(v)));
      expect(opened.settleStart).toBeGreaterThan(0);
      expect(opened.deadline).toBe(opened.settleStart + 3 * 100);
      expect(opened).toMatchObject({ verdictsRequested: false, verdictsPosted: [] });
    });

    it('no candidate is drawn to settle before every reference is opened, and the drawn one is known afterwards', async () => {
      const f = get();
      const taskId = await f.running();
      const drawn = async (round: number) => (await f.owner.round(taskId, round)).drawnAggregator;
      const seen: number[] = [];
      for (const round of [1, 2]) {
        expect(await drawn(round)).toBe(0);
        await f.toReference(taskId, round);
        expect(await drawn(round)).toBe(0);
        for (const port of f.validators) await f.openSeal(port, taskId, round);
        seen.push(await drawn(round));
        expect(seen.at(-1)).toBeLessThan(f.aggregators.length);
        const given = f.settlement([65536, 0, 0], [0, 0, 0]);
        await f.settle(f.aggregators[seen.at(-1)!]!, taskId, round, given);
      }
      expect([await drawn(1), await drawn(2)]).toEqual(seen);
    });

    it('a validator keeps its place among those appointed when others do not join', async () => {
      const f = get();
      const taskId = await f.create();
      await f.joinAll(f.trainers, taskId, 'trainer');
      await f.join(f.validators[1]!, taskId, ['validator']);
      await f.joinAll(f.aggregators, taskId, 'aggregator');
      await f.timeOut(taskId);
      const [reference] = (await f.owner.round(taskId, 1)).references;
      expect(reference).toMatchObject({ validator: f.validators[1]!.account, index: 1 });
    });

    it('a commitment after the deadline is refused', async () => {
      const f = get();
      const taskId = await f.running();
      await f.commit(0, taskId, 1);
      await f.world.passTime(1001);
      await refused('E_CHAIN_DEADLINE_PASSED', f.commit(1, taskId, 1));
      await refused('E_CHAIN_DEADLINE_PASSED', f.seal(f.validators[0]!, taskId, 1));
    });

    it('a commitment is final', async () => {
      const f = get();
      const taskId = await f.running();
      await f.commit(0, taskId, 1);
      await refused('E_CHAIN_ALREADY_DONE', f.trainers[0]!.commitUpdate(taskId, 1, vector(77n)));
      expect((await f.owner.round(taskId, 1)).updates[0]).toEqual(vector(2n));
    });

    it('a point off the curve, not canonical, or at infinity is refused', async () => {
      const f = get();
      const taskId = await f.running();
      const digest = vector(1n).digest;
      const q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
      for (const commitment of [{ x: 1n, y: 3n }, { x: 1n + q, y: 2n }, { x: 1n, y: 2n + q }, G1_INFINITY]) {
        const update = { commitment, digest };
        await refused('E_CHAIN_INVALID_POINT', f.trainers[0]!.commitUpdate(taskId, 1, update));
      }
    });

    it('an account without the role is refused', async () => {
      const f = get();
      const taskId = await f.running();
      await refused('E_CHAIN_NOT_A_MEMBER', f.owner.commitUpdate(taskId, 1, vector(9n)));
      await refused('E_CHAIN_NOT_A_MEMBER', f.validators[0]!.commitUpdate(taskId, 1, vector(9n)));
      await refused('E_CHAIN_NOT_A_MEMBER', f.seal(f.trainers[0]!, taskId, 1));
    });

    it('another round than the current one, or another phase, is refused', async () => {
      const f = get();
      const taskId = await f.running();
      await refused('E_CHAIN_WRONG_PHASE', f.commit(0, taskId, 2));
      await refused('E_CHAIN_WRONG_PHASE', f.openSeal(f.validators[0]!, taskId, 1));
      await refused('E_CHAIN_WRONG_PHASE', f.owner.round(taskId, 2));
      await f.toReference(taskId);
      await refused('E_CHAIN_WRONG_PHASE', f.commit(0, taskId, 1));
      await refused('E_CHAIN_WRONG_PHASE', f.seal(f.validators[0]!, taskId, 1));
    });

    it('an opening with another salt, point, digest or by another validator is refused', async () => {
      const f = get();
      const taskId = await f.running();
      await f.toReference(taskId);
      const [first, second] = f.validators as [Fixture['owner'], Fixture['owner']];
      const mine = f.reference(first);
      const code = 'E_CHAIN_WRONG_OPENING';
      await refused(code, first.openReference(taskId, 1, mine, `0x${'00'.repeat(32)}`));
      await refused(code, first.openReference(taskId, 1, { ...mine, digest: SALT }, SALT));
      const other = { ...mine, commitment: vector(9n).commitment };
      await refused(code, first.openReference(taskId, 1, other, SALT));
      await refused(code, second.openReference(taskId, 1, mine, SALT));
      await f.openSeal(first, taskId, 1);
      await refused('E_CHAIN_ALREADY_DONE', f.openSeal(first, taskId, 1));
    });

    it('a round continues after its deadlines with the members that acted, and slashes the others', async () => {
      const f = get();
      const taskId = await f.running();
      const [late, lazy] = [f.trainers[0]!, f.validators[1]!];
      const before = [await f.pool(late), await f.pool(lazy)] as const;
      await f.commit(1, taskId, 1);
      await f.seal(f.validators[0]!, taskId, 1);
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', f.owner.advance(taskId));
      await f.world.passTime(1001);
      await f.owner.advance(taskId);
      const state = await f.owner.round(taskId, 1);
      expect(state.phase).toBe('reference');
      expect(state.updates).toEqual([null, vector(3n), null]);
      // 1 % and 3 % of a stake of 10,000; both of the trainers, and the validator.
      expect(before[0] - (await f.pool(late))).toBe(100n);
      expect(before[1] - (await f.pool(lazy))).toBe(300n);
      expect((await f.owner.task(taskId)).remaining).toBe(1_000_003n);
      await refused('E_CHAIN_WRONG_PHASE', f.openSeal(f.validators[1]!, taskId, 1));
      await f.openSeal(f.validators[0]!, taskId, 1);
      expect((await f.owner.round(taskId, 1)).phase).toBe('settle');
    });

    it('a slash for absence is always burned, under any terms', async () => {
      const f = get();
      const taskId = await f.running({ slashReporterBps: 1_000, slashBurnBps: 5_000 });
      const burn = '0x000000000000000000000000000000000000dead';
      const burned = await f.balance(burn);
      for (const i of f.trainers.keys()) await f.commit(i, taskId, 1);
      await f.seal(f.validators[0]!, taskId, 1);
      await f.timeOut(taskId, f.owner);
      expect((await f.balance(burn)) - burned).toBe(300n);
      expect((await f.owner.task(taskId)).remaining).toBe(1_000_003n);
    });

    it('fewer seals or openings than the quorum make a round void, and its budget rolls on', async () => {
      const f = get();
      const taskId = await f.running({ rounds: 3, minValidators: 2 });
      for (const i of f.trainers.keys()) await f.commit(i, taskId, 1);
      await f.seal(f.validators[0]!, taskId, 1);
      await f.timeOut(taskId);
      expect((await f.owner.round(taskId, 1)).phase).toBe('void');
      await f.toReference(taskId, 2);
      await f.openSeal(f.validators[0]!, taskId, 2);
      await f.timeOut(taskId);
      expect((await f.owner.round(taskId, 2)).phase).toBe('void');
      expect(await f.owner.task(taskId)).toMatchObject({ round: 3, remaining: 1_000_003n });
    });

    it('a round without an update, a seal or an opening becomes void and the next one starts', async () => {
      const f = get();
      const taskId = await f.running({ rounds: 3, stake: 0n });
      await f.seal(f.validators[0]!, taskId, 1);
      await f.timeOut(taskId);
      expect((await f.owner.round(taskId, 1)).phase).toBe('void');
      expect(await f.owner.settledRound(taskId, 1)).toBeNull();
      await f.commit(0, taskId, 2);
      await f.timeOut(taskId);
      expect((await f.owner.round(taskId, 2)).updates).toEqual([vector(2n), null, null]);
      await f.toReference(taskId, 3);
      await f.timeOut(taskId);
      expect(await f.owner.task(taskId)).toMatchObject({ status: 'ended', remaining: 1_000_003n });
      await refused('E_CHAIN_WRONG_PHASE', f.owner.advance(taskId));
    });

    it('a round continues without members that left, or that were absent three times in a row', async () => {
      const f = get();
      const taskId = await f.running({ rounds: 5, minTrainers: 1 });
      const [leaver, absent] = [f.trainers[0]!, f.trainers[1]!];
      await refused('E_CHAIN_NOT_A_MEMBER', f.owner.leaveTask(taskId));
      await leaver.leaveTask(taskId);
      await refused('E_CHAIN_ALREADY_DONE', leaver.leaveTask(taskId));
      await refused('E_CHAIN_NOT_ENDED', f.owner.releaseStake(taskId, leaver.account));
      const account = async (port: Fixture['owner']) => f.owner.memberAccount(taskId, port.account);
      expect(await account(leaver)).toMatchObject({ lastRound: 1, absenceBps: 0 });
      expect((await f.owner.task(taskId)).departed).toEqual([]);
      for (const round of [1, 2, 3]) {
        for (const i of round === 1 ? [0, 2] : [2]) await f.commit(i, taskId, round);
        for (const port of f.validators) await f.seal(port, taskId, round);
        await f.timeOut(taskId);
        for (const port of f.validators) await f.openSeal(port, taskId, round);
        const given = f.settlement([0, 0, 1], [0, 0, SHARE_ONE]);
        await f.settle(await f.drawn(taskId, round), taskId, round, given);
      }
      expect((await f.owner.task(taskId)).departed).toEqual([leaver.account, absent.account]);
      expect(await account(absent)).toMatchObject({ lastRound: 3, absenceBps: 300 });
      await refused('E_CHAIN_NOT_A_MEMBER', f.commit(1, taskId, 4));
      const free = async (port: Fixture['owner']) => (await port.stake(f.world.token, f.agentOf(port))).free;
      const before = [await free(leaver), await free(absent)];
      for (const port of [leaver, absent]) await f.owner.releaseStake(taskId, port.account);
      expect([await free(leaver), await free(absent)].map((amount, i) => amount - before[i]!)).toEqual([
        10_000n,
        9_700n,
      ]);
      // No phase waits for them.
      await f.commit(2, taskId, 4);
      for (const port of f.validators) await f.seal(port, taskId, 4);
      expect((await f.owner.round(taskId, 4)).phase).toBe('reference');
      // With the last trainer the task goes as well.
      await f.trainers[2]!.leaveTask(taskId);
      for (const port of f.validators) await f.openSeal(port, taskId, 4);
      await f.settle(await f.drawn(taskId, 4), taskId, 4, f.settlement([], []));
      expect(await f.owner.task(taskId)).toMatchObject({ status: 'ended', round: 4 });
    });
  });
}
