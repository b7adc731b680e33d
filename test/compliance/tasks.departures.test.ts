import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, read } from './evm.ts';
import {
  bits,
  digestOf,
  OFFENCE,
  openTaskWorld,
  PHASE,
  type Player,
  point,
  ROLE,
  SHARE_ONE,
  STATUS,
  type TaskWorld,
} from './tasks/harness.ts';

let world: TaskWorld;
beforeAll(async () => {
  world = await openTaskWorld();
});
beforeEach(() => world.restore());
afterAll(() => world?.close());

const refused = (error: string, player: Player, name: string, ...args: unknown[]) =>
  expectRefusal(error, world.by(player), name, ...args);

describe('members that leave a running task', () => {
  const leave = (player: Player, taskId: bigint) => world.send(player, 'leaveTask', taskId);

  it('members that leave a running task do so once, as members, while it runs', async () => {
    const joining = await world.create();
    await world.join(joining, world.trainers[0]!, ROLE.trainer);
    await refused('WrongPhase', world.trainers[0]!, 'leaveTask', joining);
    const taskId = await world.start();
    await refused('NotAMember', world.stranger, 'leaveTask', taskId);
    const receipt = await leave(world.trainers[0]!, taskId);
    const event = world.events(receipt, 'MemberLeaving')[0];
    expect(event.toArray()).toEqual([taskId, 1n, world.trainers[0]!.address, false]);
    await refused('AlreadyLeaving', world.trainers[0]!, 'leaveTask', taskId);
    await world.runOut(taskId);
    await refused('WrongPhase', world.trainers[1]!, 'leaveTask', taskId);
  });

  it('members that leave a running task have all duties until the round has ended, and pay for those they miss', async () => {
    const taskId = await world.start();
    await leave(world.trainers[0]!, taskId);
    await leave(world.validators[2]!, taskId);
    await refused('TaskNotEnded', world.stranger, 'releaseStake', taskId, world.trainers[0]!.address);
    await world.toReference(taskId, 1, { trainers: [1, 2], sealing: [0, 1] });
    expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(9_900n);
    expect(await world.lockOf(taskId, world.validators[2]!)).toBe(9_700n);
  });

  it('members that left a running task delay no phase, can no longer act, are no longer slashed, and get their stake back at once', async () => {
    const taskId = await world.start({ rounds: 3 });
    const [trainer, validator] = [world.trainers[0]!, world.validators[2]!];
    await leave(trainer, taskId);
    await leave(validator, taskId);
    await world.play(taskId, 1);
    const task = await world.task(taskId);
    expect([task.departedTrainers, task.departedValidators, task.departedAggregators]).toEqual([
      bits(0),
      bits(2),
      0n,
    ]);
    expect((await world.member(taskId, trainer)).lastRound).toBe(1n);
    await refused('MemberDeparted', trainer, 'commitUpdate', taskId, 2, point(5n), digestOf(0));
    await refused('MemberDeparted', validator, 'sealReference', taskId, 2, digestOf(1));
    for (const member of [trainer, validator]) {
      await world.send(world.stranger, 'releaseStake', taskId, member.address);
      expect(await world.lockOf(taskId, member)).toBe(0n);
      await refused('AlreadyReleased', world.stranger, 'releaseStake', taskId, member.address);
    }
    // The last of the others ends the phase.
    for (const i of [1, 2]) await world.commit(taskId, i, 2);
    for (const i of [0, 1]) await world.seal(taskId, i, 2);
    expect((await world.round(taskId)).phase).toBe(PHASE.reference);
    for (const i of [0, 1]) await world.open(taskId, i, 2);
    // A majority is counted from all that joined, and a member that left has no vote.
    const vote = await world.verdict(validator, taskId, 2);
    const own = await world.verdict(world.validators[0]!, taskId, 2);
    const [candidate] = (await world.order(taskId)) as [Player];
    const settlement = await world.settlement(taskId, 2, { votes: [own, vote] });
    await refused('InvalidVotes', candidate, 'settle', taskId, 2, settlement);
    const alone = await world.settlement(taskId, 2, { votes: [own] });
    await refused('NotEnoughVotes', candidate, 'settle', taskId, 2, alone);
    await world.settle(taskId, 2, { voters: world.validators.slice(0, 2) }, candidate);
    await world.runOut(taskId);
    expect(await read(world.stakes, 'slashCount', trainer.agentId)).toBe(0n);
  });

  it('members that leave a running task keep their rewards, which continue to vest', async () => {
    const taskId = await world.start({ rounds: 3, vestingRounds: 2 });
    const [trainer] = world.trainers as [Player];
    await leave(trainer, taskId);
    await world.play(taskId, 1, { shares: [SHARE_ONE, 0, 0] });
    const earned = (await world.member(taskId, trainer)).earned;
    expect(earned).toBeGreaterThan(0n);
    expect(await world.claimable(trainer, [taskId])).toBe(0n);
    await world.runOut(taskId);
    expect(await world.claimable(trainer, [taskId])).toBe(earned);
  });

  it('members that leave a running task leave their window to the next candidate', async () => {
    const taskId = await world.start({ rounds: 3 });
    const [gone, stays] = world.aggregators as [Player, Player];
    await leave(gone, taskId);
    await world.play(taskId, 1);
    for (const round of [2, 3]) {
      await world.toSettle(taskId, round);
      const state = await world.round(taskId);
      expect(state.drawnAggregator).toBe(1n);
      expect(state.deadline - state.settleStart).toBe(200n);
      await world.passTo(Number(state.settleStart) + 10);
      const settlement = await world.settlement(taskId, round);
      await refused('NotYourTurn', gone, 'settle', taskId, round, settlement);
      await world.settle(taskId, round, {}, stays);
    }
    expect((await world.task(taskId)).status).toBe(STATUS.ended);
  });

  it('a task ends with the round if too few members are left, and the owner gets the rest back', async () => {
    const cases: [string, object, Player[]][] = [
      ['trainers', { minTrainers: 3 }, [world.trainers[0]!]],
      ['validators', { minValidators: 3 }, [world.validators[0]!]],
      ['a majority of those that joined', { minValidators: 1 }, world.validators.slice(0, 2)],
      ['aggregators', {}, world.aggregators],
    ];
    for (const [what, changes, leavers] of cases) {
      await world.restore();
      const taskId = await world.start({ rounds: 4, ...changes });
      for (const player of leavers) await leave(player, taskId);
      await world.play(taskId, 1);
      const task = await world.task(taskId);
      expect([task.status, task.round], what).toEqual([STATUS.ended, 1n]);
      const before = await world.balance(world.owner.address);
      await world.send(world.stranger, 'refund', taskId);
      expect((await world.balance(world.owner.address)) - before).toBe(task.remaining);
      for (const player of world.trainers) {
        await world.send(world.stranger, 'releaseStake', taskId, player.address);
      }
      await world.checkMoney();
    }
  });

  it('members that leave are liable with their stake for their own cases, and for no later ones', async () => {
    const taskId = await world.start({ rounds: 3 });
    const [accused, other] = world.trainers as [Player, Player];
    const [accuser, second, third] = world.validators as [Player, Player, Player];
    await leave(accused, taskId);
    await leave(accuser, taskId);
    await world.toSettle(taskId);
    await world.settle(taskId, 1, { unavailable: bits(0), voters: [accuser, second] });
    await refused('CaseOpen', world.stranger, 'releaseStake', taskId, accused.address);
    await refused('CaseOpen', world.stranger, 'releaseStake', taskId, accuser.address);
    // Its trainer can still show its payload, and it say that it has it.
    await world.send(accused, 'publishPayload', taskId, 1, '0x1234');
    const votes = await Promise.all([accuser, third].map((v) => world.available(v, taskId, 1, 0)));
    await world.send(world.stranger, 'contest', taskId, 1, 0, votes);
    const { deadline } = await read(world.tasks, 'getCase', taskId, 1, 0);
    // A case of a later round, of another trainer and other accusers, holds neither.
    await world.toSettle(taskId, 2, { trainers: [1, 2], sealing: [1, 2] });
    await world.settle(taskId, 2, { unavailable: bits(1), voters: [second, third] });
    await world.passTo(Number(deadline));
    const receipt = await world.send(world.stranger, 'resolveCase', taskId, 1, 0);
    expect(world.slashes(receipt)).toMatchObject([{ member: second.address, kind: OFFENCE.falseVerdict }]);
    await world.send(world.stranger, 'releaseStake', taskId, accused.address);
    await world.send(world.stranger, 'releaseStake', taskId, accuser.address);
    expect((await read(world.tasks, 'getCase', taskId, 2, 1)).resolved).toBe(false);
    await refused('TaskNotEnded', world.stranger, 'releaseStake', taskId, other.address);
  });

  it('members absent in three rounds in a row are dropped, and take no part in the next round', async () => {
    const taskId = await world.start({ rounds: 6, minValidators: 1 });
    for (const round of [1, 2, 3]) {
      await world.toReference(taskId, round, { trainers: [1, 2], sealing: [0, 1] });
      for (const i of [0, 1]) await world.open(taskId, i, round);
      await world.settle(taskId, round, { voters: world.validators.slice(0, 2) });
    }
    const task = await world.task(taskId);
    expect([task.departedTrainers, task.departedValidators]).toEqual([bits(0), bits(2)]);
    // 1 % and 3 % of 10,000, three times, and no more from now on.
    expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(9_700n);
    expect(await world.lockOf(taskId, world.validators[2]!)).toBe(9_100n);
    for (const i of [1, 2]) await world.commit(taskId, i, 4);
    for (const i of [0, 1]) await world.seal(taskId, i, 4);
    expect((await world.round(taskId)).phase).toBe(PHASE.reference);
    for (const player of [world.trainers[0]!, world.validators[2]!]) {
      await world.send(world.stranger, 'releaseStake', taskId, player.address);
    }
  });

  it('members that come back before the third round are not dropped', async () => {
    const taskId = await world.start({ rounds: 6 });
    for (const [round, trainers] of [
      [1, 2],
      [1, 2],
      [0, 1, 2],
      [1, 2],
      [1, 2],
    ].entries()) {
      await world.toSettle(taskId, round + 1, { trainers });
      await world.settle(taskId, round + 1);
    }
    expect((await world.task(taskId)).departedTrainers).toBe(0n);
    expect((await world.member(taskId, world.trainers[0]!)).absenceBps).toBe(400n);
  });

  it('candidates that miss three rounds are dropped, each blamed for its own window', async () => {
    const taskId = await world.start({ rounds: 5 });
    for (const round of [1, 2, 3]) {
      await world.toSettle(taskId, round);
      const { settleStart } = await world.round(taskId);
      await world.passTo(Number(settleStart) + 200);
      const receipt = await world.settle(taskId, round, {}, world.stranger);
      const slashes = world.slashes(receipt).map(({ member, kind }) => [member, kind]);
      expect(new Set(slashes.map(([member]) => member))).toEqual(
        new Set(world.aggregators.map((a) => a.address)),
      );
    }
    // None is left to settle: the task is over.
    expect((await world.task(taskId)).status).toBe(STATUS.ended);
  });
});

describe('a stranger’s terms', () => {
  /** The audit's A01: a commit phase too short to train in, all of a slash to who reports it, a hundred rounds. */
  const GREEDY = { commitSeconds: 1, slashReporterBps: 10_000, slashBurnBps: 0, rounds: 100 };
  /** The most that the contract takes of it. */
  const LEGAL = { commitSeconds: 5, slashReporterBps: 1000, slashBurnBps: 5000, rounds: 100 };

  it('a stranger’s terms are refused if a phase is too short to act in, or a slash pays their author', async () => {
    for (const terms of [
      GREEDY,
      { ...GREEDY, commitSeconds: 5 },
      { ...GREEDY, commitSeconds: 5, slashReporterBps: 1000 },
    ]) {
      await refused('ParameterOutOfBounds', world.owner, 'createTask', world.terms(terms));
    }
    await world.create(LEGAL);
  });

  it('a stranger’s terms cost a member that cannot act three absences and no more, and pay the attacker nothing', async () => {
    const attackers = [world.owner, ...world.validators, ...world.aggregators, world.stranger];
    const taskId = await world.start(LEGAL);
    const worth = async () => {
      const each = attackers.map(async (p) => {
        const [held, reports, owed, pool] = await Promise.all([
          world.balance(p.address),
          read(world.stakes, 'reportRewards', world.token.target, p.address),
          world.claimable(p),
          read(world.stakes, 'pool', world.token.target, p.agentId),
        ]);
        return held + reports + owed + pool.tokens;
      });
      return (await Promise.all(each)).reduce((a, b) => a + b, 0n) + (await world.task(taskId)).remaining;
    };
    const before = await worth();
    // The attacker's validators and candidates do all they have to; the victims never have the time.
    for (let round = 1; (await world.task(taskId)).status !== STATUS.ended; round++) {
      for (const i of [0, 1, 2]) await world.seal(taskId, i, round);
      await world.expire(taskId);
      expect(round).toBeLessThanOrEqual(3);
    }
    for (const victim of world.trainers) {
      expect(await world.lockOf(taskId, victim)).toBe(9_700n);
      await world.send(world.stranger, 'releaseStake', taskId, victim.address);
    }
    expect(await worth()).toBe(before);
    await world.checkMoney();
  });

  it('a stranger’s terms cost a member that acts now and then the cap at most', async () => {
    const taskId = await world.start({ ...LEGAL, minTrainers: 1 });
    // Every third round it is quick enough; the others are there always.
    for (let round = 1; round <= 20; round++) {
      const quick = round % 3 === 0 ? [0, 1, 2] : [1, 2];
      const gone = (await world.task(taskId)).departedTrainers !== 0n;
      await world.toSettle(taskId, round, { trainers: gone ? [1, 2] : quick });
      await world.settle(taskId, round);
    }
    expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(9_000n);
    expect((await world.task(taskId)).departedTrainers).toBe(bits(0));
  });
});
