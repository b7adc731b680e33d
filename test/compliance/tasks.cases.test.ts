import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, read } from './evm.ts';
import {
  BURN,
  bits,
  OFFENCE,
  openTaskWorld,
  type Player,
  point,
  STATUS,
  type TaskWorld,
} from './tasks/harness.ts';

const CONTEST_SECONDS = 3600n;

describe('a trainer found unavailable', () => {
  let world: TaskWorld;
  beforeAll(async () => {
    world = await openTaskWorld();
  });
  beforeEach(() => world.restore());
  afterAll(() => world?.close());

  const refused = (error: string, player: Player, name: string, ...args: unknown[]) =>
    expectRefusal(error, world.by(player), name, ...args);

  /** Round 1 settled without the given trainers, by the votes of the given validators. */
  const accused = async (
    trainers = [0],
    voters = world.validators.slice(0, 2),
    changes: Record<string, unknown> = {},
  ): Promise<bigint> => {
    const taskId = await world.start(changes);
    await world.toSettle(taskId);
    await world.settle(taskId, 1, { unavailable: bits(...trainers), voters });
    return taskId;
  };
  const caseOf = async (taskId: bigint, round = 1, trainer = 0) =>
    (await read(world.tasks, 'getCase', taskId, round, trainer)).toObject();
  const votesOf = (taskId: bigint, voters: Player[], trainer = 0, round = 1) =>
    Promise.all(voters.map((voter) => world.available(voter, taskId, round, trainer)));
  const contest = async (taskId: bigint, voters: Player[], trainer = 0, by = world.trainers[0]!) =>
    world.send(by, 'contest', taskId, 1, trainer, await votesOf(taskId, voters, trainer));
  /** Won by `voters`, with the other accusers left to the end. */
  const contestAndWait = async (taskId: bigint, voters: Player[], trainer = 0, by = world.trainers[0]!) => {
    await contest(taskId, voters, trainer, by);
    await world.passTo(Number((await caseOf(taskId, 1, trainer)).deadline));
    return world.send(by, 'resolveCase', taskId, 1, trainer);
  };
  const pastDeadline = async (taskId: bigint): Promise<void> =>
    world.passTo(Number((await caseOf(taskId)).deadline));

  describe('opens a case', () => {
    it('a case names the validators whose votes settled the round, and lasts as long as the task states', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId);
      const voters = [world.validators[0]!, world.validators[2]!];
      const receipt = await world.settle(taskId, 1, { unavailable: bits(1), voters });
      const deadline = BigInt(await world.evm.now()) + CONTEST_SECONDS;
      expect(world.events(receipt, 'CaseOpened').map((e) => e.toArray())).toEqual([
        [taskId, 1n, world.trainers[1]!.address, bits(0, 2), deadline],
      ]);
      expect(await caseOf(taskId, 1, 1)).toEqual({
        deadline,
        accusers: bits(0, 2),
        resolved: false,
        available: 0n,
      });
      expect((await caseOf(taskId, 1, 0)).deadline).toBe(0n);
      expect((await caseOf(taskId, 2, 1)).deadline).toBe(0n);
      expect((await caseOf(taskId, 0, 17)).deadline).toBe(0n);
      expect((await world.task(taskId)).openCases).toBe(1n);
      expect(world.slashes(receipt)).toEqual([]);
    });

    it('no case exists without an accusation, or for another task, round or trainer', async () => {
      const taskId = await accused([0]);
      const votes = await votesOf(taskId, world.validators, 1);
      await refused('NoCase', world.stranger, 'contest', taskId, 1, 1, votes);
      await refused('NoCase', world.stranger, 'resolveCase', taskId, 1, 1);
      await refused('NoCase', world.stranger, 'resolveCase', taskId, 2, 0);
      // The key of trainer 0 in round 1, spelled otherwise.
      await refused('NoCase', world.stranger, 'resolveCase', taskId, 0, 16);
      await refused('NoCase', world.stranger, 'resolveCase', taskId, 2n ** 255n, 0);
      await refused('NoCase', world.stranger, 'resolveCase', taskId, 2n ** 252n + 1n, 0);
      await refused('NoCase', world.trainers[1]!, 'publishPayload', taskId, 1, '0x00');
    });
  });

  describe('publishes', () => {
    it('only the accused publishes its payload in calldata, and only in time', async () => {
      const taskId = await accused([0]);
      const [trainer] = world.trainers as [Player];
      await refused('NotAMember', world.validators[0]!, 'publishPayload', taskId, 1, '0x00');
      await refused('NotAMember', world.stranger, 'publishPayload', taskId, 1, '0x00');
      const payload = `0x${'a5'.repeat(5000)}`;
      const receipt = await world.send(trainer, 'publishPayload', taskId, 1, payload);
      expect(world.events(receipt, 'PayloadPublished')[0].toArray()).toEqual([taskId, 1n, trainer.address]);
      const transaction = await world.evm.provider.getTransaction(receipt.hash);
      const call = world.tasks.interface.parseTransaction({ data: transaction!.data })!;
      expect(call.args.at(2)).toBe(payload);
      await pastDeadline(taskId);
      await refused('DeadlinePassed', trainer, 'publishPayload', taskId, 1, payload);
      await world.send(world.stranger, 'resolveCase', taskId, 1, 0);
      await refused('CaseClosed', trainer, 'publishPayload', taskId, 1, payload);
    });
  });

  describe('contests', () => {
    it('a trainer contests a case with a strict majority, and accusers that do not sign are slashed', async () => {
      const taskId = await accused([0], world.validators);
      const [a, b, c] = world.validators as [Player, Player, Player];
      const before = (await world.task(taskId)).remaining;
      const burned = await world.balance(BURN);
      const { deadline } = await caseOf(taskId);
      const contested = await contest(taskId, [a, c]);
      expect(world.events(contested, 'CaseContested')[0].toArray()).toEqual([
        taskId,
        1n,
        world.trainers[0]!.address,
        bits(0, 2),
        deadline + CONTEST_SECONDS,
      ]);
      expect(world.slashes(contested)).toEqual([]);
      await refused('DeadlineNotPassed', world.stranger, 'resolveCase', taskId, 1, 0);
      await pastDeadline(taskId);
      const receipt = await world.send(world.trainers[0]!, 'resolveCase', taskId, 1, 0);
      expect(world.events(receipt, 'CaseResolved')[0].toArray()).toEqual([
        taskId,
        1n,
        world.trainers[0]!.address,
        true,
      ]);
      expect(world.slashes(receipt)).toEqual([
        {
          member: b.address,
          kind: OFFENCE.falseVerdict,
          toTask: 800n,
          reporter: world.trainers[0]!.address,
        },
      ]);
      expect((await world.task(taskId)).remaining - before).toBe(800n);
      expect((await world.balance(BURN)) - burned).toBe(1_000n);
      expect((await caseOf(taskId)).resolved).toBe(true);
      expect((await world.task(taskId)).openCases).toBe(0n);
      expect(await world.lockOf(taskId, b)).toBe(8_000n);
      await pastDeadline(taskId);
      await refused('CaseClosed', world.stranger, 'resolveCase', taskId, 1, 0);
      expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(10_000n);
    });

    it('an accuser whose signature is left out adds it itself, and is not slashed', async () => {
      const taskId = await accused([0], world.validators.slice(0, 2));
      const [a, b, c] = world.validators as [Player, Player, Player];
      // All three have signed by now; the trainer sends two of them, and would earn from the third.
      await contest(taskId, [a, c]);
      const { deadline } = await caseOf(taskId);
      const again = await votesOf(taskId, [a, c]);
      await refused('AlreadyPosted', world.stranger, 'contest', taskId, 1, 0, again);
      await refused('NotEnoughVotes', b, 'contest', await accused([1]), 1, 1, []);
      await world.passTo(Number(deadline) - 60);
      const receipt = await contest(taskId, [b], 0, b);
      expect(world.events(receipt, 'CaseResolved')).toHaveLength(1);
      expect(world.slashes(receipt)).toEqual([]);
      expect(await caseOf(taskId)).toMatchObject({ resolved: true, available: bits(0, 1, 2), deadline });
      for (const v of world.validators) expect(await world.lockOf(taskId, v)).toBe(10_000n);
    });

    it('a majority extends the deadline of a case once, in any order of its votes', async () => {
      const taskId = await accused([0], world.validators);
      const [a, b, c] = world.validators as [Player, Player, Player];
      const { deadline } = await caseOf(taskId);
      const alone = await votesOf(taskId, [a]);
      await refused('NotEnoughVotes', world.stranger, 'contest', taskId, 1, 0, alone);
      await contest(taskId, [a, b]);
      await pastDeadline(taskId);
      const late = await votesOf(taskId, [c]);
      await refused('DeadlinePassed', world.stranger, 'contest', taskId, 1, 0, late);
      expect((await caseOf(taskId)).deadline).toBe(deadline + CONTEST_SECONDS);
    });

    it('a validator that did not accuse is not slashed for not signing', async () => {
      const taskId = await accused([0], world.validators.slice(0, 2));
      const receipt = await contest(taskId, world.validators.slice(0, 2));
      expect(world.slashes(receipt)).toEqual([]);
    });

    it('a closed case stays closed', async () => {
      const taskId = await accused([0]);
      await contest(taskId, world.validators);
      const votes = await votesOf(taskId, world.validators);
      await refused('CaseClosed', world.stranger, 'contest', taskId, 1, 0, votes);
    });

    it('an accuser that reports itself does not earn from it', async () => {
      const taskId = await accused([0], world.validators);
      const [a, b, c] = world.validators as [Player, Player, Player];
      await contestAndWait(taskId, [b, c], 0, a);
      expect(await read(world.stakes, 'reportRewards', world.token.target, a.address)).toBe(0n);
      expect(await world.lockOf(taskId, a)).toBe(8_000n);
    });

    it('a trainer cannot contest with fewer, foreign or repeated signatures, or with ones for anything else', async () => {
      const taskId = await accused([0, 1]);
      const other = await accused([0]);
      const [a, b] = world.validators as [Player, Player];
      const first = await world.available(a, taskId, 1, 0);
      const judged = await world.commitments(taskId, 1);
      const { updates, references } = judged;
      const another = updates.with(0, { commitment: point(99n) });
      const attempt = (error: string, votes: object[]) =>
        refused(error, world.stranger, 'contest', taskId, 1, 0, votes);
      await attempt('NotEnoughVotes', []);
      await attempt('NotEnoughVotes', [first]);
      for (const wrong of [
        first,
        await world.available(b, taskId, 1, 1),
        await world.available(b, taskId, 2, 0, judged),
        await world.available(b, other, 1, 0, judged),
        // As on another branch of the chain, where the trainer had committed to something else.
        await world.available(b, taskId, 1, 0, { updates: another, references }),
        await world.available(world.trainers[0]!, taskId, 1, 0),
        await world.available(world.aggregators[0]!, taskId, 1, 0),
        { ...(await world.available(a, taskId, 1, 0)), validator: b.address },
        await world.verdict(b, taskId, 1, { unavailable: bits(0, 1) }),
      ]) {
        await attempt('InvalidVotes', [first, wrong]);
      }
      await contest(taskId, [a, b]);
    });

    it('a trainer can contest until the second before the deadline, and not from it on', async () => {
      const taskId = await accused([0]);
      const votes = await votesOf(taskId, world.validators);
      const deadline = Number((await caseOf(taskId)).deadline);
      const { provider } = world.evm;
      await provider.send('evm_setNextBlockTimestamp', [deadline - 1]);
      await provider.send('evm_mine', []);
      await refused('DeadlineNotPassed', world.stranger, 'resolveCase', taskId, 1, 0);
      await provider.send('evm_setNextBlockTimestamp', [deadline]);
      await provider.send('evm_mine', []);
      await refused('DeadlinePassed', world.stranger, 'contest', taskId, 1, 0, votes);
      await world.send(world.stranger, 'resolveCase', taskId, 1, 0);
    });

    it('an accuser in several cases of one round is slashed once for its false verdict of that round', async () => {
      const taskId = await accused([0, 1], world.validators);
      const [a, b, c] = world.validators as [Player, Player, Player];
      for (const trainer of [0, 1]) await contest(taskId, [a, b], trainer);
      await world.passTo(Number((await caseOf(taskId, 1, 1)).deadline));
      const close = (trainer: number) => world.send(world.stranger, 'resolveCase', taskId, 1, trainer);
      expect(world.slashes(await close(0))).toHaveLength(1);
      expect(world.slashes(await close(1))).toEqual([]);
      expect(await world.lockOf(taskId, c)).toBe(8_000n);
    });

    it('an accuser in cases of different rounds is slashed for each', async () => {
      const taskId = await world.start({ rounds: 3 });
      for (const round of [1, 2]) await world.play(taskId, round, { unavailable: bits(0) });
      for (const round of [1, 2]) {
        const votes = await votesOf(taskId, world.validators.slice(0, 2), 0, round);
        await world.send(world.stranger, 'contest', taskId, round, 0, votes);
      }
      await world.passTo(Number((await caseOf(taskId, 2)).deadline));
      for (const round of [1, 2]) await world.send(world.stranger, 'resolveCase', taskId, round, 0);
      expect(await world.lockOf(taskId, world.validators[2]!)).toBe(6_000n);
    });
  });

  describe('that does not contest', () => {
    it('a trainer found unavailable that does not contest is slashed once after the deadline', async () => {
      const taskId = await accused([0]);
      const before = (await world.task(taskId)).remaining;
      await refused('DeadlineNotPassed', world.stranger, 'resolveCase', taskId, 1, 0);
      await pastDeadline(taskId);
      const receipt = await world.send(world.stranger, 'resolveCase', taskId, 1, 0);
      expect(world.events(receipt, 'CaseResolved')[0].toArray()).toEqual([
        taskId,
        1n,
        world.trainers[0]!.address,
        false,
      ]);
      expect(world.slashes(receipt)).toMatchObject([
        { member: world.trainers[0]!.address, kind: OFFENCE.unavailable, toTask: 800n },
      ]);
      expect((await world.task(taskId)).remaining - before).toBe(800n);
      expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(8_000n);
      await refused('CaseClosed', world.stranger, 'resolveCase', taskId, 1, 0);
    });

    it('a trainer that does not contest and closes its own case has its part of the slash burned', async () => {
      const taskId = await accused([0]);
      await pastDeadline(taskId);
      const burned = await world.balance(BURN);
      await world.send(world.trainers[0]!, 'resolveCase', taskId, 1, 0);
      expect((await world.balance(BURN)) - burned).toBe(1_200n);
    });
  });

  describe('stake', () => {
    it('stake of the accused and of validators waits for its cases, that of others does not', async () => {
      const taskId = await accused([0], world.validators, { rounds: 1 });
      expect((await world.task(taskId)).status).toBe(STATUS.ended);
      const release = (player: Player) => world.send(world.stranger, 'releaseStake', taskId, player.address);
      await refused('CaseOpen', world.stranger, 'releaseStake', taskId, world.trainers[0]!.address);
      for (const v of world.validators) await refused('CaseOpen', v, 'releaseStake', taskId, v.address);
      for (const t of world.trainers.slice(1)) await release(t);
      for (const a of world.aggregators) await release(a);
      await contestAndWait(taskId, world.validators.slice(0, 2));
      expect(await world.lockOf(taskId, world.validators[2]!)).toBe(8_000n);
      for (const p of [world.trainers[0]!, ...world.validators]) await release(p);
      for (const p of world.players) expect(await world.lockOf(taskId, p)).toBe(0n);
      // What the last slash brought belongs to the owner.
      await world.send(world.owner, 'refund', taskId);
    });

    it('stake of an aggregator that is a validator as well waits as a validator’s does', async () => {
      const taskId = await world.create({ rounds: 1, minAggregators: 1, maxTrainers: 1 });
      await world.join(taskId, world.trainers[0]!, 1);
      for (const p of world.validators.slice(0, 2)) await world.join(taskId, p, 2);
      const both = world.validators[2]!;
      await world.join(taskId, both, 6);
      await world.toSettle(taskId, 1, { trainers: [0] });
      await world.settle(taskId, 1, { unavailable: bits(0) }, both);
      await refused('CaseOpen', world.stranger, 'releaseStake', taskId, both.address);
      await pastDeadline(taskId);
      await world.send(world.stranger, 'resolveCase', taskId, 1, 0);
      await world.send(world.stranger, 'releaseStake', taskId, both.address);
    });

    it('stake is refused to strangers, before the end, and twice', async () => {
      const taskId = await world.start({ rounds: 1 });
      const { address } = world.trainers[0]!;
      await refused('NotAMember', world.stranger, 'releaseStake', taskId, world.stranger.address);
      await refused('TaskNotEnded', world.trainers[0]!, 'releaseStake', taskId, address);
      await world.play(taskId, 1);
      const receipt = await world.send(world.stranger, 'releaseStake', taskId, address);
      expect(world.events(receipt, 'StakeReleased')[0].toArray()).toEqual([taskId, address]);
      expect((await world.member(taskId, world.trainers[0]!)).released).toBe(true);
      await refused('AlreadyReleased', world.trainers[0]!, 'releaseStake', taskId, address);
    });

    it('stake that a case of an earlier round still holds is freed when that is closed', async () => {
      const taskId = await accused([0]);
      await world.play(taskId, 2, { unavailable: bits(0) });
      const [trainer] = world.trainers as [Player];
      await contest(taskId, world.validators);
      await refused('CaseOpen', trainer, 'releaseStake', taskId, trainer.address);
      const votes = await votesOf(taskId, world.validators, 0, 2);
      await world.send(trainer, 'contest', taskId, 2, 0, votes);
      await world.send(trainer, 'releaseStake', taskId, trainer.address);
    });
  });

  it('a trainer found unavailable goes on taking part in the rounds that follow', async () => {
    const taskId = await accused([0]);
    const receipt = await world.play(taskId, 2, { weights: [65536], shares: [2 ** 32] });
    expect(world.events(receipt, 'RoundSettled')[0].rewards[0]).toBeGreaterThan(0n);
  });
});
