import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Play } from '../world/play.ts';
import { signVerdict } from '../world/round.ts';
import { startWorld, type World } from '../world/world.ts';

describe('members that cost the others', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(12);
  });
  afterAll(() => world?.close());

  /** What an account has of the token, and is owed. */
  const wealth = async (play: Play, account: string): Promise<bigint> =>
    (await play.balance(account)) + (await play.claimable(account));

  it('a candidate that asks for verdicts without need pays those whom it makes post them, to the unit', async () => {
    const play = await Play.start(world, { validators: [1, 5, 6], params: { rounds: 3 } });
    const [candidate] = play.aggregators as [string];
    const before = await Promise.all([candidate, ...play.validators].map((a) => wealth(play, a)));
    await play.toSettle();
    await play.request();
    const { verdictFee } = await play.round();
    // Half of 3 % of a third of a million, in three parts.
    expect(verdictFee).toBe(4_999n / 3n);
    const commitments = await play.commitments();
    const verdict = { taskId: play.id, round: 1, commitments, unavailable: 0, rejected: 0, lossBefore: 2 };
    for (const [i, validator] of play.validators.entries()) {
      const vote = await signVerdict(world, play.wallet(validator), { ...verdict, lossAfter: i });
      await world.tasks.send(validator, 'postVerdict', play.id, 1, 0, 0, { x: 0, y: 0 }, vote);
    }
    const after = await Promise.all([candidate, ...play.validators].map((a) => wealth(play, a)));
    expect(after.map((amount, i) => amount - before[i]!)).toEqual([
      -3n * verdictFee,
      verdictFee,
      verdictFee,
      verdictFee,
    ]);
    // It cannot ask again in this round; and it still earns by settling what it asked for.
    expect(await world.tasks.refusal(candidate, 'requestVerdicts', play.id, 1)).toBe('AlreadyRequested');
    await play.settle(candidate);
    expect((await wealth(play, candidate)) - before[0]!).toBe(9_999n - 3n * verdictFee);
  });

  it('a candidate out of its window makes no validator post anything', async () => {
    const play = await Play.start(world, { validators: [1, 5, 6], aggregators: [4, 7] });
    await play.toSettle();
    const { settleStart } = await play.round();
    const [first, second] = [await play.candidate(0), await play.candidate(1)];
    expect(await world.tasks.refusal(second, 'requestVerdicts', play.id, 1)).toBe('NotYourTurn');
    expect(await world.tasks.refusal(first, 'requestVerdicts', play.id, 1)).toBe('DeadlineNotPassed');
    await world.chain.jumpTo(Number(settleStart) + 110);
    expect(await world.tasks.refusal(first, 'requestVerdicts', play.id, 1)).toBe('NotYourTurn');
    expect(await world.tasks.refusal(second, 'requestVerdicts', play.id, 1)).toBe('DeadlineNotPassed');
  });

  it('validators that ignore a candidate and post different verdicts gain what it offered, and no more', async () => {
    const play = await Play.start(world, { validators: [1, 5, 6], params: { rounds: 1 } });
    const [candidate] = play.aggregators as [string];
    const before = await Promise.all([candidate, ...play.validators].map((a) => wealth(play, a)));
    await play.toSettle();
    await play.request();
    const { verdictFee } = await play.round();
    const commitments = await play.commitments();
    for (const [i, validator] of play.validators.entries()) {
      const verdict = { taskId: play.id, round: 1, commitments, unavailable: i, rejected: 0 };
      const vote = await signVerdict(world, play.wallet(validator), {
        ...verdict,
        lossBefore: 2,
        lossAfter: 1,
      });
      await world.tasks.send(validator, 'postVerdict', play.id, 1, i, 0, { x: 0, y: 0 }, vote);
    }
    await play.pass();
    // No member is slashed; the candidate, which earned nothing, has lost half of what it would have earned.
    expect(await play.lockOf(candidate)).toBe(1000n);
    const after = await Promise.all([candidate, ...play.validators].map((a) => wealth(play, a)));
    expect(after.map((amount, i) => amount - before[i]!)).toEqual([
      -3n * verdictFee,
      verdictFee,
      verdictFee,
      verdictFee,
    ]);
  });

  it('trainers that take all places and leave end the task, and its owner has all but the fees of that round back', async () => {
    const play = await Play.start(world, { params: { rounds: 4 } });
    const before = await play.balance(play.owner);
    for (const trainer of play.trainers) await world.tasks.send(trainer, 'leaveTask', play.id);
    await play.playRound();
    expect(Number((await play.task()).status)).toBe(3);
    await world.tasks.send(play.owner, 'refund', play.id);
    // Three rounds of four, which no one was paid for, and what rounding left.
    expect((await play.balance(play.owner)) - before).toBeGreaterThanOrEqual(750_000n);
    for (const trainer of play.trainers) {
      await world.tasks.send(play.owner, 'releaseStake', play.id, trainer);
      expect(await world.stakes.read('slashCount', world.chain.accounts.indexOf(trainer))).toBe(0n);
    }
  });
});
