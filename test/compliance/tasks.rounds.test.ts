import { ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, expectRefusal, read, send } from './evm.ts';
import {
  BURN,
  bits,
  digestOf,
  NO_POINT,
  OFFENCE,
  openTaskWorld,
  PHASE,
  type Player,
  point,
  ROLE,
  SALT,
  STATUS,
  type TaskWorld,
} from './tasks/harness.ts';

/** Of a stake of 10,000: what an absent trainer, and an absent validator or candidate, loses. All of it is burned. */
const TRAINER = 100n;
const OTHER = 300n;

describe('the phases of a round', () => {
  let world: TaskWorld;
  beforeAll(async () => {
    world = await openTaskWorld();
  });
  beforeEach(() => world.restore());
  afterAll(() => world?.close());

  const phase = async (taskId: bigint): Promise<bigint> => (await world.round(taskId)).phase;
  const refused = (error: string, player: Player, name: string, ...args: unknown[]) =>
    expectRefusal(error, world.by(player), name, ...args);
  const members = (players: Player[]): string[] => players.map((p) => p.address).sort();

  /** The slashes of a transaction, as pairs of member and offence, checked against the stakes. */
  const slashed = async (
    receipt: Awaited<ReturnType<TaskWorld['expire']>>,
    kind: bigint,
  ): Promise<string[]> => {
    const all = world.slashes(receipt);
    for (const slash of all) expect(slash.kind).toBe(kind);
    return all.map((slash) => slash.member).sort();
  };

  describe('commit', () => {
    it('the commit phase takes commitments and seals of members, each once, and shows them', async () => {
      const taskId = await world.start();
      await world.commit(taskId, 1);
      await world.seal(taskId, 2);
      const round = await world.round(taskId);
      expect(round.number).toBe(1n);
      expect(round.phase).toBe(PHASE.commit);
      expect(round.updates[1].toObject(true)).toEqual({ commitment: world.update(1), digest: digestOf(1) });
      expect(round.updates[0].digest).toBe(ZeroHash);
      expect(round.references[2].seal).toBe(world.sealOf(taskId, 2));
      expect(round.references[0].seal).toBe(ZeroHash);
      await refused(
        'AlreadyCommitted',
        world.trainers[1]!,
        'commitUpdate',
        taskId,
        1,
        point(9n),
        digestOf(1),
      );
      await refused('AlreadySealed', world.validators[2]!, 'sealReference', taskId, 1, digestOf(1));
    });

    it('the commit phase is refused to others, in another round, after the deadline, and for what is no commitment', async () => {
      const taskId = await world.start();
      const [trainer, validator] = [world.trainers[0]!, world.validators[0]!];
      const commit = (error: string, player: Player, round = 1, commitment: unknown = point(5n)) =>
        refused(error, player, 'commitUpdate', taskId, round, commitment, digestOf(0));
      const seal = (error: string, player: Player, round = 1, value = SALT) =>
        refused(error, player, 'sealReference', taskId, round, value);
      const q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
      for (const wrong of [
        { x: 0n, y: 0n },
        { x: 1n, y: 3n },
        { x: 1n + q, y: 2n },
        { x: 1n, y: 2n + q },
      ]) {
        await commit('InvalidCommitment', trainer, 1, wrong);
      }
      await commit('NotAMember', world.stranger);
      await commit('NotAMember', validator);
      await seal('NotAMember', trainer);
      await seal('NotAMember', world.aggregators[0]!);
      await seal('EmptySeal', validator, 1, ZeroHash);
      await commit('WrongRound', trainer, 2);
      await seal('WrongRound', validator, 0);
      await refused('WrongPhase', validator, 'openReference', taskId, 1, point(5n), digestOf(0), SALT);
      await world.pass(taskId);
      await commit('DeadlinePassed', trainer);
      await seal('DeadlinePassed', validator);
    });

    it('the commit phase ends to the second: the last block before the deadline counts, the next one does not', async () => {
      const taskId = await world.start();
      const deadline = Number((await world.round(taskId)).deadline);
      await world.evm.provider.send('evm_setNextBlockTimestamp', [deadline - 1]);
      await world.commit(taskId, 0);
      await world.evm.provider.send('evm_setNextBlockTimestamp', [deadline]);
      await world.evm.provider.send('evm_mine', []);
      await refused('DeadlinePassed', world.trainers[1]!, 'commitUpdate', taskId, 1, point(9n), digestOf(1));
    });

    it('the commit phase ends with the last action it waits for, and no member is slashed', async () => {
      const taskId = await world.start();
      for (const i of [0, 1, 2]) await world.commit(taskId, i);
      for (const i of [0, 1]) await world.seal(taskId, i);
      expect(await phase(taskId)).toBe(PHASE.commit);
      await refused('DeadlineNotPassed', world.stranger, 'advance', taskId);
      const receipt = await world.seal(taskId, 2);
      expect(await phase(taskId)).toBe(PHASE.reference);
      expect(world.slashes(receipt)).toEqual([]);
      const { deadline } = world.events(receipt, 'PhaseChanged')[0];
      expect(deadline).toBe(BigInt(await world.evm.now()) + 1000n);
    });

    it('the commit phase does not wait for appointed validators that did not join', async () => {
      const taskId = await world.create({ maxTrainers: 3 });
      await world.join(taskId, world.trainers[0]!, ROLE.trainer);
      await world.join(taskId, world.validators[1]!, ROLE.validator);
      for (const player of world.aggregators) await world.join(taskId, player, ROLE.aggregator);
      await world.expire(taskId);
      await world.commit(taskId, 0);
      await world.seal(taskId, 1);
      expect(await phase(taskId)).toBe(PHASE.reference);
      expect((await world.round(taskId)).references[0].validator).toBe(world.validators[1]!.address);
      await refused(
        'NotAMember',
        world.validators[0]!,
        'openReference',
        taskId,
        1,
        point(5n),
        digestOf(0),
        SALT,
      );
    });

    it('the commit phase continues after the deadline without the absent, which are slashed by the terms', async () => {
      const taskId = await world.start();
      const before = (await world.task(taskId)).remaining;
      const burned = await world.balance(BURN);
      await world.commit(taskId, 1);
      await world.seal(taskId, 0);
      const receipt = await world.expire(taskId);
      expect(await phase(taskId)).toBe(PHASE.reference);
      const slashes = world.slashes(receipt);
      const reporter = world.stranger.address;
      const { trainerAbsent, validatorAbsent } = OFFENCE;
      expect(slashes).toEqual([
        { member: world.trainers[0]!.address, kind: trainerAbsent, toTask: 0n, reporter },
        { member: world.trainers[2]!.address, kind: trainerAbsent, toTask: 0n, reporter },
        { member: world.validators[1]!.address, kind: validatorAbsent, toTask: 0n, reporter },
        { member: world.validators[2]!.address, kind: validatorAbsent, toTask: 0n, reporter },
      ]);
      expect((await world.task(taskId)).remaining - before).toBe(0n);
      expect((await world.balance(BURN)) - burned).toBe(2n * TRAINER + 2n * OTHER);
      const rewards = await read(world.stakes, 'reportRewards', world.token.target, reporter);
      expect(rewards).toBe(0n);
      expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(9_900n);
      expect(await world.lockOf(taskId, world.trainers[1]!)).toBe(10_000n);
      expect(await world.lockOf(taskId, world.validators[2]!)).toBe(9_700n);
    });

    it('a round without an update, or without a quorum of seals, is void and its budget rolls on', async () => {
      const taskId = await world.start({ rounds: 3, minValidators: 2 });
      for (const i of [0, 1, 2]) await world.seal(taskId, i);
      const first = await world.expire(taskId);
      expect(world.events(first, 'RoundVoided')[0].toArray()).toEqual([taskId, 1n]);
      expect(await slashed(first, OFFENCE.trainerAbsent)).toEqual(members(world.trainers));
      expect(await read(world.tasks, 'endBlock', taskId, 1)).toBe(BigInt(first.blockNumber));
      for (const i of [0, 1, 2]) await world.commit(taskId, i, 2);
      await world.seal(taskId, 0, 2);
      const second = await world.expire(taskId);
      expect(world.events(second, 'RoundVoided')).toHaveLength(1);
      expect(await slashed(second, OFFENCE.validatorAbsent)).toEqual(members(world.validators.slice(1)));
      const round = await world.round(taskId);
      expect(round.number).toBe(3n);
      expect(round.phase).toBe(PHASE.commit);
      expect(round.updates[0].digest).toBe(ZeroHash);
      expect((await world.task(taskId)).remaining).toBe(1_000_003n);
    });

    it('a quorum of seals is enough', async () => {
      const taskId = await world.start({ minValidators: 2 });
      await world.toReference(taskId, 1, { trainers: [0], sealing: [0, 2] });
      expect(await phase(taskId)).toBe(PHASE.reference);
    });
  });

  describe('reference', () => {
    it('the reference phase opens what was sealed and nothing else', async () => {
      const taskId = await world.start();
      await world.toReference(taskId, 1, { sealing: [0, 1] });
      const [first, second] = [world.validators[0]!, world.validators[1]!];
      const opening = (
        error: string,
        player: Player,
        at = world.reference(0),
        digest = digestOf(0),
        salt = SALT,
      ) => refused(error, player, 'openReference', taskId, 1, at, digest, salt);
      await opening('WrongOpening', first, world.reference(1));
      await opening('WrongOpening', first, world.reference(0), digestOf(1));
      await opening('WrongOpening', first, world.reference(0), digestOf(0), ZeroHash);
      await opening('WrongOpening', second);
      await opening('InvalidCommitment', first, { x: 0n, y: 0n });
      await opening('NotSealed', world.validators[2]!);
      await opening('NotAMember', world.trainers[0]!);
      await refused('WrongRound', first, 'openReference', taskId, 2, world.reference(0), digestOf(0), SALT);
      await refused('WrongPhase', first, 'sealReference', taskId, 1, SALT);
      await refused('WrongPhase', world.trainers[0]!, 'commitUpdate', taskId, 1, point(5n), digestOf(0));
      await world.open(taskId, 0);
      await opening('AlreadyOpened', first);
      const { opened } = (await world.round(taskId)).references[0];
      expect(opened.toObject(true)).toEqual({ commitment: world.reference(0), digest: digestOf(0) });
      await world.pass(taskId);
      const late = [taskId, 1, world.reference(1), digestOf(1), SALT];
      await refused('DeadlinePassed', second, 'openReference', ...late);
    });

    it('a seal copied from another validator cannot be opened', async () => {
      const taskId = await world.start();
      await world.seal(taskId, 0);
      await world.send(world.validators[1]!, 'sealReference', taskId, 1, world.sealOf(taskId, 0));
      await world.toReference(taskId, 1, { sealing: [2] });
      await world.open(taskId, 0);
      const args = [taskId, 1, world.reference(0), digestOf(0), SALT];
      await refused('WrongOpening', world.validators[1]!, 'openReference', ...args);
    });

    it('the reference phase ends with the last opening, and the candidates have a window each, then anyone', async () => {
      const taskId = await world.start();
      await world.toReference(taskId);
      for (const i of [0, 1]) await world.open(taskId, i);
      expect(await phase(taskId)).toBe(PHASE.reference);
      await world.open(taskId, 2);
      const round = await world.round(taskId);
      expect(round.phase).toBe(PHASE.settle);
      expect(round.settleStart).toBe(BigInt(await world.evm.now()));
      expect(round.deadline).toBe(round.settleStart + 3n * 100n);
    });

    it('the reference phase slashes those that sealed and did not open, once, and goes on with a quorum', async () => {
      const taskId = await world.start({ minValidators: 1 });
      await world.toReference(taskId, 1, { sealing: [0, 1] });
      await world.open(taskId, 1);
      const receipt = await world.expire(taskId);
      expect(await phase(taskId)).toBe(PHASE.settle);
      expect(await slashed(receipt, OFFENCE.validatorAbsent)).toEqual([world.validators[0]!.address]);
      // The third was slashed when the commit phase ended.
      expect(await world.lockOf(taskId, world.validators[2]!)).toBe(9_700n);
      expect(await world.lockOf(taskId, world.validators[0]!)).toBe(9_700n);
    });

    it('a round without a quorum of openings is void', async () => {
      const taskId = await world.start({ minValidators: 2 });
      await world.toReference(taskId);
      await world.open(taskId, 1);
      const receipt = await world.expire(taskId);
      expect(world.events(receipt, 'RoundVoided')).toHaveLength(1);
      const absent = [world.validators[0]!, world.validators[2]!];
      expect(await slashed(receipt, OFFENCE.validatorAbsent)).toEqual(members(absent));
      expect((await world.round(taskId)).number).toBe(2n);
    });
  });

  describe('settle', () => {
    it('the settle phase is for the drawn candidate, then for the next, then for anyone', async () => {
      const taskId = await world.start({ rounds: 3 });
      for (const [number, windows] of [0, 1, 2].entries()) {
        const round = number + 1;
        await world.toSettle(taskId, round);
        const order = await world.order(taskId);
        const settlement = await world.settlement(taskId, round);
        const { settleStart } = await world.round(taskId);
        await world.passTo(Number(settleStart) + 100 * windows);
        const others = [world.stranger, ...order].filter((p) => p !== order[windows]);
        for (const other of windows < 2 ? others : []) {
          await refused('NotYourTurn', other, 'settle', taskId, round, settlement);
        }
        const by = order[windows] ?? world.stranger;
        const receipt = await world.settle(taskId, round, {}, by);
        expect(await slashed(receipt, OFFENCE.aggregatorAbsent)).toEqual(members(order.slice(0, windows)));
        expect(world.events(receipt, 'RoundSettled')[0].aggregator).toBe(by.address);
      }
    });

    it('settlement windows change to the second', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId);
      const order = await world.order(taskId);
      const { settleStart } = await world.round(taskId);
      const { provider } = world.evm;
      const settlement = await world.settlement(taskId, 1);
      await provider.send('evm_setNextBlockTimestamp', [Number(settleStart) + 99]);
      await provider.send('evm_mine', []);
      await refused('NotYourTurn', order[1]!, 'settle', taskId, 1, settlement);
      await provider.send('evm_setNextBlockTimestamp', [Number(settleStart) + 100]);
      await provider.send('evm_mine', []);
      await refused('NotYourTurn', order[0]!, 'settle', taskId, 1, settlement);
      await world.pass(taskId);
      await refused('DeadlinePassed', order[1]!, 'settle', taskId, 1, settlement);
    });

    it('a candidate that settles after its own window is slashed, and no one earns from it', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId);
      const [first, second] = (await world.order(taskId)) as [Player, Player];
      await world.passTo(Number((await world.round(taskId)).settleStart) + 200);
      const burned = await world.balance(BURN);
      const receipt = await world.settle(taskId, 1, {}, second);
      expect(await slashed(receipt, OFFENCE.aggregatorAbsent)).toEqual(members([first, second]));
      const rewards = await read(world.stakes, 'reportRewards', world.token.target, second.address);
      expect(rewards).toBe(0n);
      expect((await world.balance(BURN)) - burned).toBe(2n * OTHER);
      expect(world.slashes(receipt).map((s) => s.toTask)).toEqual([0n, 0n]);
    });

    it('a round that no candidate settles is void, and every candidate is slashed', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId);
      const before = (await world.task(taskId)).remaining;
      const receipt = await world.expire(taskId);
      expect(world.events(receipt, 'RoundVoided')).toHaveLength(1);
      expect(await slashed(receipt, OFFENCE.aggregatorAbsent)).toEqual(members(world.aggregators));
      expect((await world.task(taskId)).remaining - before).toBe(0n);
      expect((await world.round(taskId)).number).toBe(2n);
    });

    it('a settlement in another phase or round is refused', async () => {
      const taskId = await world.start();
      const settlement = await world.settlement(taskId, 1);
      const by = world.aggregators[0]!;
      await refused('WrongPhase', by, 'settle', taskId, 1, settlement);
      await world.toReference(taskId);
      await refused('WrongPhase', by, 'settle', taskId, 1, settlement);
      for (const i of [0, 1, 2]) await world.open(taskId, i);
      await refused('WrongRound', by, 'settle', taskId, 2, settlement);
      await world.settle(taskId);
      await refused('WrongPhase', by, 'settle', taskId, 1, settlement);
    });
  });

  describe('requested verdicts', () => {
    /** The drawn candidate asks, in the second half of its window. */
    const request = async (taskId: bigint, round = 1, late = 50) => {
      await world.passTo(Number((await world.round(taskId)).settleStart) + late);
      return world.send((await world.order(taskId))[0]!, 'requestVerdicts', taskId, round);
    };
    const asked = async (changes = {}): Promise<bigint> => {
      const taskId = await world.start(changes);
      await world.toSettle(taskId);
      await request(taskId);
      return taskId;
    };
    const post = async (
      taskId: bigint,
      i: number,
      plan: { unavailable?: bigint; rejected?: bigint } = {},
    ) => {
      const vote = await world.verdict(world.validators[i]!, taskId, 1, plan);
      const { unavailable = 0n, rejected = 0n } = plan;
      return world.send(world.stranger, 'postVerdict', taskId, 1, unavailable, rejected, NO_POINT, vote);
    };

    it('verdicts are requested by the candidate whose window it is, in its second half, once in a round', async () => {
      const taskId = await world.start();
      await world.toReference(taskId);
      await refused('WrongPhase', world.aggregators[0]!, 'requestVerdicts', taskId, 1);
      for (const i of [0, 1, 2]) await world.open(taskId, i);
      const [first, second] = (await world.order(taskId)) as [Player, Player];
      for (const other of [second, world.stranger, world.validators[0]!, world.trainers[0]!]) {
        await refused('NotYourTurn', other, 'requestVerdicts', taskId, 1);
      }
      await refused('WrongRound', first, 'requestVerdicts', taskId, 2);
      const settleStart = Number((await world.round(taskId)).settleStart);
      const { provider } = world.evm;
      const at = async (second: number) => {
        await provider.send('evm_setNextBlockTimestamp', [settleStart + second]);
        await provider.send('evm_mine', []);
      };
      await at(48);
      await refused('DeadlineNotPassed', first, 'requestVerdicts', taskId, 1);
      await at(100);
      await refused('NotYourTurn', first, 'requestVerdicts', taskId, 1);
      await refused('DeadlineNotPassed', second, 'requestVerdicts', taskId, 1);
      await at(200);
      // Only the window for anyone is left: the validators' time to answer.
      await refused('DeadlinePassed', first, 'requestVerdicts', taskId, 1);
      const other = await asked();
      expect((await world.round(other)).verdictsRequested).toBe(true);
      await refused('AlreadyRequested', (await world.order(other))[0]!, 'requestVerdicts', other, 1);
    });

    it('requested verdicts cost their candidate half of what settling pays, and pay each validator that posts its part', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId);
      const [first] = (await world.order(taskId)) as [Player];
      const before = await world.balance(first.address);
      const receipt = await request(taskId);
      // 3 % of a round's budget of 500,001 is 15,000; a third of its half for each validator.
      expect(world.events(receipt, 'VerdictsRequested')[0].fee).toBe(2_500n);
      expect((await world.round(taskId)).verdictFee).toBe(2_500n);
      expect(before - (await world.balance(first.address))).toBe(7_500n);
      await post(taskId, 1);
      await world.checkMoney();
      await world.settle(taskId, 1, {}, first);
      await world.checkMoney();
      // Of the round's fee of 10,000 for references, 3,333 each; two parts came back, with the fee of settling.
      const owed = await Promise.all([...world.validators, first].map((p) => world.claimable(p)));
      expect(owed).toEqual([3_333n, 5_833n, 3_333n, 20_000n]);
    });

    it('verdicts cannot be requested by a candidate without the fee', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId);
      await world.passTo(Number((await world.round(taskId)).settleStart) + 50);
      const [first] = (await world.order(taskId)) as [Player];
      await send(as(world.token, first.signer), 'approve', world.tasks.target, 7_499n);
      await refused('ERC20InsufficientAllowance', first, 'requestVerdicts', taskId, 1);
    });

    it('requested verdicts are posted once for each validator, signed by it, and say what can be settled', async () => {
      const quiet = await world.start();
      await world.toSettle(quiet, 1, { trainers: [0, 1], sealing: [0, 1] });
      const early = await world.verdict(world.validators[0]!, quiet, 1);
      await refused('WrongPhase', world.stranger, 'postVerdict', quiet, 1, 0, 0, NO_POINT, early);
      await request(quiet);
      const refusedPost = async (error: string, vote: object, unavailable = 0n, rejected = 0n) =>
        refused(error, world.stranger, 'postVerdict', quiet, 1, unavailable, rejected, NO_POINT, vote);
      await refusedPost('InvalidVotes', early, 1n);
      await refusedPost('InvalidVotes', early, 0n, 1n);
      await refusedPost('InvalidVotes', { ...early, lossAfter: 5n });
      await refusedPost('InvalidVotes', { ...early, validator: world.validators[1]!.address });
      await refusedPost('InvalidVotes', await world.verdict(world.trainers[0]!, quiet, 1));
      const judged = await world.commitments(quiet, 1);
      await refusedPost('InvalidVotes', await world.verdict(world.validators[0]!, quiet, 2, { judged }));
      const elsewhere = { ...judged, updates: judged.updates.toReversed() };
      const foreign = await world.verdict(world.validators[0]!, quiet, 1, { judged: elsewhere });
      await refusedPost('InvalidVotes', foreign);
      const absent = { unavailable: bits(2) };
      await refusedPost(
        'UnavailableNotCommitted',
        await world.verdict(world.validators[0]!, quiet, 1, absent),
        bits(2),
      );
      const unopened = { rejected: bits(2) };
      await refusedPost(
        'RejectedNotOpened',
        await world.verdict(world.validators[0]!, quiet, 1, unopened),
        0n,
        bits(2),
      );
      const receipt = await world.send(world.stranger, 'postVerdict', quiet, 1, 0, 0, NO_POINT, early);
      const [posted] = world.events(receipt, 'VerdictPosted');
      expect(posted.validator).toBe(world.validators[0]!.address);
      expect(posted.vote.toObject()).toEqual(early);
      expect((await world.round(quiet)).verdictsPosted).toBe(bits(0));
      await refusedPost('AlreadyPosted', early);
      const other = await world.verdict(world.validators[0]!, quiet, 1, { unavailable: bits(0) });
      await refusedPost('AlreadyPosted', other, bits(0));
      // A validator that is active but sealed nothing has a say as well.
      await world.send(
        world.validators[2]!,
        'postVerdict',
        quiet,
        1,
        0,
        0,
        NO_POINT,
        await world.verdict(world.validators[2]!, quiet, 1),
      );
      await world.pass(quiet);
      await refusedPost('DeadlinePassed', await world.verdict(world.validators[1]!, quiet, 1));
    });

    it('the candidates are excused and the silent validators slashed if no majority posted its verdicts', async () => {
      const taskId = await asked();
      await post(taskId, 1);
      const receipt = await world.expire(taskId);
      const silent = [world.validators[0]!, world.validators[2]!];
      expect(await slashed(receipt, OFFENCE.validatorAbsent)).toEqual(members(silent));
    });

    it('the candidates and the silent validator are slashed if a majority posted its verdicts', async () => {
      const taskId = await asked();
      await post(taskId, 0);
      await post(taskId, 1);
      const receipt = await world.expire(taskId);
      const kinds = world.slashes(receipt).map(({ member, kind }) => ({ member, kind }));
      expect(kinds).toEqual([
        ...world.aggregators.map(({ address }) => ({ member: address, kind: OFFENCE.aggregatorAbsent })),
        { member: world.validators[2]!.address, kind: OFFENCE.validatorAbsent },
      ]);
    });

    it('no one is slashed if all verdicts were posted but differ, as no one could have settled', async () => {
      const taskId = await asked();
      await post(taskId, 0);
      await post(taskId, 1, { unavailable: bits(0) });
      await post(taskId, 2, { rejected: bits(1) });
      expect(world.slashes(await world.expire(taskId))).toEqual([]);
    });

    it('no candidate is slashed if a majority rejects every reference, as no one could have settled', async () => {
      const taskId = await asked();
      for (const i of [0, 1, 2]) await post(taskId, i, { rejected: bits(0, 1, 2) });
      expect(world.slashes(await world.expire(taskId))).toEqual([]);
    });

    it('requested verdicts are those of this round: verdicts that a majority posted in the last round excuse no one in the next', async () => {
      const taskId = await asked();
      for (const i of [0, 1]) await post(taskId, i);
      await world.expire(taskId);
      await world.toSettle(taskId, 2);
      const round = await world.round(taskId);
      expect([round.verdictsRequested, round.verdictsPosted]).toEqual([false, 0n]);
      await request(taskId, 2);
      const vote = await world.verdict(world.validators[0]!, taskId, 2);
      await world.send(world.stranger, 'postVerdict', taskId, 2, 0, 0, NO_POINT, vote);
      const receipt = await world.expire(taskId);
      expect(await slashed(receipt, OFFENCE.validatorAbsent)).toEqual(members(world.validators.slice(1)));
    });

    it('requested verdicts excuse skipped candidates at a settlement until a majority has posted', async () => {
      for (const posted of [[], [0], [0, 1]]) {
        await world.restore();
        const taskId = await asked();
        for (const i of posted) await post(taskId, i);
        const [, second] = (await world.order(taskId)) as [Player, Player];
        await world.passTo(Number((await world.round(taskId)).settleStart) + 100);
        const receipt = await world.settle(taskId, 1, {}, second);
        // What a majority posted came after half of the first window: no one is to blame for that one.
        expect(await slashed(receipt, OFFENCE.aggregatorAbsent)).toEqual([]);
      }
    });

    it('verdicts posted when a candidate’s window is almost over do not lead to its slash by the next one', async () => {
      const taskId = await asked();
      const [, second] = (await world.order(taskId)) as [Player, Player];
      const settleStart = Number((await world.round(taskId)).settleStart);
      await world.passTo(settleStart + 60);
      for (const i of [0, 1]) await post(taskId, i);
      await world.passTo(settleStart + 100);
      const receipt = await world.settle(taskId, 1, {}, second);
      expect(await slashed(receipt, OFFENCE.aggregatorAbsent)).toEqual([]);
    });

    it('verdicts posted in time for the next window lead to the slash of its candidate if it lets that pass', async () => {
      const taskId = await asked();
      const [, second] = (await world.order(taskId)) as [Player, Player];
      const settleStart = Number((await world.round(taskId)).settleStart);
      for (const i of [0, 1]) await post(taskId, i);
      await world.passTo(settleStart + 200);
      const receipt = await world.settle(taskId, 1, {}, world.stranger);
      expect(await slashed(receipt, OFFENCE.aggregatorAbsent)).toEqual([second.address]);
    });

    it('requested verdicts excuse only windows after the request', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId);
      const [first, second] = (await world.order(taskId)) as [Player, Player];
      const settleStart = Number((await world.round(taskId)).settleStart);
      await world.passTo(settleStart + 150);
      await world.send(second, 'requestVerdicts', taskId, 1);
      await world.passTo(settleStart + 160);
      for (const i of [0, 1]) await post(taskId, i);
      await world.passTo(settleStart + 200);
      const receipt = await world.settle(taskId, 1, {}, world.stranger);
      expect(await slashed(receipt, OFFENCE.aggregatorAbsent)).toEqual([first.address]);
    });

    it('verdicts are not accepted when no one can settle with them any more, so that silence costs validators', async () => {
      const taskId = await asked();
      const { deadline } = await world.round(taskId);
      await world.passTo(Number(deadline) - 49);
      const vote = await world.verdict(world.validators[0]!, taskId, 1);
      await refused('DeadlinePassed', world.stranger, 'postVerdict', taskId, 1, 0, 0, NO_POINT, vote);
      const receipt = await world.expire(taskId);
      // They alone.
      expect(await slashed(receipt, OFFENCE.validatorAbsent)).toEqual(members(world.validators));
    });

    it('a validator that neither sealed nor answered is slashed once for the round', async () => {
      const taskId = await world.start();
      await world.toSettle(taskId, 1, { sealing: [0, 1] });
      expect(await world.lockOf(taskId, world.validators[2]!)).toBe(9_700n);
      await request(taskId);
      const receipt = await world.expire(taskId);
      expect(await slashed(receipt, OFFENCE.validatorAbsent)).toEqual(members(world.validators.slice(0, 2)));
      expect(await world.lockOf(taskId, world.validators[2]!)).toBe(9_700n);
    });
  });

  describe('slashing', () => {
    it('slashing for absence ends at the cap, and then the member is dropped', async () => {
      await send(world.parameters, 'setSlashing', [400, 400, 400, 0, 0, 0, 1000, 16]);
      const taskId = await world.start({ rounds: 6, stake: 10_001n });
      const locks: bigint[] = [];
      for (let round = 1; round <= 4; round++) {
        for (const i of [1, 2]) await world.commit(taskId, i, round);
        for (const i of [0, 1, 2]) await world.seal(taskId, i, round);
        const receipt = await world.expire(taskId);
        locks.push(await world.lockOf(taskId, world.trainers[0]!));
        const leaving = world.events(receipt, 'MemberLeaving').map((e) => [e.member, e.dropped]);
        // Two absences at 4 %, one at the 2 % that are left, and one that costs nothing any more.
        expect(leaving).toEqual(round === 4 ? [[world.trainers[0]!.address, true]] : []);
        for (const i of [0, 1, 2]) await world.open(taskId, i, round);
        await world.settle(taskId, round);
      }
      expect(locks).toEqual([9_601n, 9_201n, 9_001n, 9_001n]);
      expect((await world.member(taskId, world.trainers[0]!)).absenceBps).toBe(1000n);
      await world.send(world.stranger, 'releaseStake', taskId, world.trainers[0]!.address);
      expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(0n);
    });

    it('slashing without stake costs nothing, and the task continues', async () => {
      const taskId = await world.start({ stake: 0n });
      await world.seal(taskId, 0);
      expect(world.slashes(await world.expire(taskId))).toEqual([]);
      expect((await world.round(taskId)).number).toBe(2n);
    });

    it('a slash for absence is burned under any terms', async () => {
      const taskId = await world.start({ slashReporterBps: 1000, slashBurnBps: 5000 });
      await world.seal(taskId, 0);
      const [task, burned] = [(await world.task(taskId)).remaining, await world.balance(BURN)];
      const receipt = await world.expire(taskId);
      expect(await read(world.stakes, 'reportRewards', world.token.target, world.stranger.address)).toBe(0n);
      expect((await world.balance(BURN)) - burned).toBe(3n * TRAINER + 2n * OTHER);
      expect((await world.task(taskId)).remaining).toBe(task);
      expect(world.slashes(receipt)).toHaveLength(5);
    });

    it('slashing takes nothing of trainers from a round that the owner’s validators left without a quorum', async () => {
      const taskId = await world.start({ minValidators: 2, rounds: 3 });
      await world.seal(taskId, 0);
      const receipt = await world.expire(taskId);
      expect(world.events(receipt, 'RoundVoided')).toHaveLength(1);
      expect(await slashed(receipt, OFFENCE.validatorAbsent)).toEqual(members(world.validators.slice(1)));
      for (const trainer of world.trainers) expect(await world.lockOf(taskId, trainer)).toBe(10_000n);
    });

    it('only absent members pay for advancing a phase', async () => {
      const taskId = await world.start();
      await world.toReference(taskId, 1, { trainers: [0], sealing: [0] });
      for (const player of [world.trainers[0]!, world.validators[0]!, ...world.aggregators, world.stranger]) {
        expect(await read(world.stakes, 'slashCount', player.agentId)).toBe(0n);
      }
    });
  });

  it('a task whose every round is void ends, refunds its owner and frees what is left of the stakes', async () => {
    const taskId = await world.start({ rounds: 3 });
    await world.runOut(taskId);
    const task = await world.task(taskId);
    expect(task.status).toBe(STATUS.ended);
    expect(task.round).toBe(3n);
    await refused('WrongPhase', world.stranger, 'advance', taskId);
    await refused('WrongPhase', world.trainers[0]!, 'commitUpdate', taskId, 3, point(5n), digestOf(0));
    const before = await world.balance(world.owner.address);
    await world.send(world.stranger, 'refund', taskId);
    expect((await world.balance(world.owner.address)) - before).toBe(1_000_003n);
    for (const player of [...world.trainers, ...world.validators, ...world.aggregators]) {
      await world.send(world.stranger, 'releaseStake', taskId, player.address);
    }
    const pool = await read(world.stakes, 'pool', world.token.target, world.trainers[0]!.agentId);
    expect([pool.locked, pool.tokens]).toEqual([0n, 10n ** 9n]);
  });

  it('phases only move forward: after every step the round or its phase is a later one', async () => {
    const taskId = await world.start({ rounds: 3 });
    let last = 0n;
    const check = async (): Promise<void> => {
      const round = await world.round(taskId);
      const at = round.number * 10n + round.phase;
      expect(at).toBeGreaterThanOrEqual(last);
      last = at;
    };
    for (const step of [
      () => world.toReference(taskId, 1, { trainers: [0] }),
      () => world.open(taskId, 0),
      () => world.open(taskId, 1),
      () => world.open(taskId, 2),
      () => world.settle(taskId),
      () => world.expire(taskId),
      () => world.toSettle(taskId, 3),
      () => world.expire(taskId),
    ]) {
      await step();
      await check();
    }
    expect((await world.round(taskId)).phase).toBe(PHASE.void);
    expect((await world.task(taskId)).status).toBe(STATUS.ended);
  });
});
