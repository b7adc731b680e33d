import { type ChainEvent, G1_INFINITY } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, vector } from './fixture.ts';

/** Events of the chain port. */
export function describeEvents(get: () => Fixture): void {
  describe('events', () => {
    /** The events of what `act` does, until one of this type. */
    const heard = async (last: ChainEvent['type'], act: () => Promise<void>): Promise<ChainEvent[]> => {
      const abort = new AbortController();
      const events: ChainEvent[] = [];
      const listening = (async () => {
        for await (const event of get().owner.events({ signal: abort.signal })) {
          events.push(event);
          if (event.type === last) abort.abort();
        }
      })();
      // The position of the stream is fixed by then at the latest.
      await get().owner.now();
      await act();
      await listening;
      return events;
    };

    it('chain events tell a task’s life in order, once, and stop with the signal', async () => {
      const f = get();
      let taskId = 0n;
      const all = await heard('refunded', async () => {
        taskId = await f.running({ rounds: 1 });
        await f.trainers[0]!.topUp(taskId, 5n);
        await f.toSettle(taskId);
        await f.settle(await f.drawn(taskId), taskId, 1, f.settlement([65536, 0, 0], [1, 0, 0]));
        await f.owner.releaseStake(taskId, f.trainers[0]!.account);
        await f.owner.refund(taskId);
      });
      const mine = all.filter((event) => event.taskId === taskId);
      expect(mine.map((event) => event.type)).toEqual([
        'task-created',
        ...new Array(7).fill('joined'),
        'phase-changed',
        'topped-up',
        ...new Array(3).fill('update-committed'),
        ...new Array(2).fill('reference-sealed'),
        'phase-changed',
        ...new Array(2).fill('reference-opened'),
        'phase-changed',
        'round-settled',
        'task-ended',
        'stake-released',
        'refunded',
      ]);
      const joined = mine.find((event) => event.type === 'joined');
      const first = f.trainers[0]!;
      expect(joined).toMatchObject({ member: { address: first.account, agentId: f.agentOf(first) } });
      const committed = mine.find((event) => event.type === 'update-committed');
      expect(committed).toMatchObject({ round: 1, trainer: first.account, commitment: vector(2n) });
      const blocks = mine.map((event) => event.position.block);
      expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
    });

    it('chain events report slashes, verdicts and cases', async () => {
      const f = get();
      let taskId = 0n;
      const verdict = { unavailable: [1], rejected: [], novelty: G1_INFINITY, lossBefore: 2n, lossAfter: 1n };
      const all = await heard('case-resolved', async () => {
        taskId = await f.running({ rounds: 1 });
        for (const i of [0, 1]) await f.commit(i, taskId, 1);
        for (const port of f.validators) await f.seal(port, taskId, 1);
        await f.timeOut(taskId);
        for (const port of f.validators) await f.openSeal(port, taskId, 1);
        const aggregator = await f.drawn(taskId);
        await f.request(taskId);
        const judged = await f.owner.round(taskId, 1);
        const votes = await Promise.all(f.validators.map((v) => v.signVerdict(judged, verdict)));
        await f.validators[0]!.postVerdict(taskId, 1, verdict, votes[0]!);
        const given = f.settlement([1, 0, 0], [0, 0, 0], { unavailable: [1], votes });
        await f.settle(aggregator, taskId, 1, given);
        await f.trainers[1]!.publishPayload(taskId, 1, new Uint8Array([1, 2, 3]));
        const available = await Promise.all(f.validators.map((v) => v.signAvailable(judged, 1)));
        await f.trainers[1]!.contest(taskId, 1, 1, available);
      });
      const mine = all.filter((event) => event.taskId === taskId);
      const of = (type: ChainEvent['type']) => mine.find((event) => event.type === type);
      const at = { round: 1 };
      const [, accused, absent] = f.trainers.map((t) => t.account);
      expect(of('slashed')).toMatchObject({ ...at, member: absent, offence: 'trainer-absent', toTask: 0n });
      expect(of('verdicts-requested')).toMatchObject(at);
      expect(of('verdict-posted')).toMatchObject({ ...at, verdict, vote: { lossAfter: 1n } });
      const deadline = (await f.owner.unavailabilityCase(taskId, 1, 1))!.deadline;
      expect(of('case-opened')).toMatchObject({ ...at, trainer: accused, deadline });
      expect(of('payload-published')).toMatchObject({ ...at, trainer: accused });
      expect(of('case-resolved')).toMatchObject({ ...at, trainer: accused, available: true });
    });

    it('chain events report the cancellation of a task', async () => {
      const f = get();
      let taskId = 0n;
      const all = await heard('task-ended', async () => {
        taskId = await f.create();
        await f.owner.cancel(taskId);
      });
      const mine = all.filter((event) => event.taskId === taskId).map((event) => event.type);
      expect(mine).toEqual(['task-created', 'task-cancelled', 'task-ended']);
    });

    it('past chain events are repeated from a given block on', async () => {
      const f = get();
      const { block, taskId } = await f.owner.createTask(f.params());
      const abort = new AbortController();
      for await (const event of f.owner.events({ fromBlock: block, signal: abort.signal })) {
        expect(event).toMatchObject({ type: 'task-created', taskId, position: { block } });
        break;
      }
      abort.abort();
    });
  });
}
