import { G1_INFINITY, memberRecord, SHARE_ONE } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import type { Fixture } from './fixture.ts';

/** What the chain tells of the conduct of members. */
export function describeRecords(get: () => Fixture): void {
  describe('the record of a member', () => {
    /** Of one task: others of the suite have left their own traces. */
    const recordOf = async (port: Fixture['owner'], taskId: bigint) => {
      const events = await get().owner.memberEvents(get().agentOf(port));
      return memberRecord(events.filter((event) => event.taskId === taskId));
    };

    it('a duty that was missed is in the record of its member, with its round, cost and transaction', async () => {
      const f = get();
      const taskId = await f.running({ rounds: 1 });
      for (const i of [0, 1]) await f.commit(i, taskId, 1);
      for (const validator of f.validators) await f.seal(validator, taskId, 1);
      await f.timeOut(taskId);
      const absent = f.trainers[2]!;
      const record = await recordOf(absent, taskId);
      expect(record).toMatchObject({ tasks: 1, missedDuties: 1, lostDisputes: 0, dropped: 0 });
      expect(record.byRole).toEqual({ trainer: 1, validator: 0, aggregator: 0 });
      expect(record.slashed).toEqual([{ token: f.world.token.toLowerCase(), amount: 100n }]);
      const [{ kind, offence, round, position }] = record.entries as [(typeof record.entries)[0]];
      expect({ kind, offence, round }).toEqual({ kind: 'missed-duty', offence: 'trainer-absent', round: 1 });
      const pools = (await f.owner.stakeAccount(absent.account)).positions;
      const slash = pools.flatMap(({ slashes }) => slashes).find((each) => each.taskId === taskId)!;
      expect(position).toEqual({ block: slash.block, transaction: slash.transaction });
      expect(await recordOf(f.trainers[0]!, taskId)).toMatchObject({ tasks: 1, entries: [] });
      await f.runOut(taskId);
    });

    it('a dispute that was won or lost is in the records of both sides', async () => {
      const f = get();
      const taskId = await f.withThreeValidators({ rounds: 1 });
      const validators = [...f.validators, f.aggregators[0]!];
      await f.toSettle(taskId, 1, validators);
      const lists = { unavailable: [1], rejected: [], novelty: G1_INFINITY };
      const votes = await f.votes(taskId, 1, lists, f.validators);
      await f.settle(
        await f.drawn(taskId),
        taskId,
        1,
        f.settlement([1, 0, 0], [SHARE_ONE, 0, 0], { ...lists, votes }),
      );
      const judged = await f.owner.round(taskId, 1);
      const [liar, ...honest] = validators as [Fixture['owner'], ...Fixture['owner'][]];
      const signed = await Promise.all(honest.map((port) => port.signAvailable(judged, 1)));
      await f.trainers[1]!.contest(taskId, 1, 1, signed);
      const { deadline } = (await f.owner.unavailabilityCase(taskId, 1, 1))!;
      await f.world.passTime(Math.max(0, deadline - (await f.owner.now())) + 1);
      await f.owner.resolveCase(taskId, 1, 1);
      expect(await recordOf(liar, taskId)).toMatchObject({
        lostDisputes: 1,
        entries: [{ kind: 'lost-dispute', offence: 'false-verdict', round: 1, slashed: { amount: 2000n } }],
      });
      expect(await recordOf(f.trainers[1]!, taskId)).toMatchObject({ wonDisputes: 1, entries: [] });
    });
  });
}
