import { chorusToken } from '@chorus/contracts';
import { toQuantity, ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, events, expectRefusal, read, send } from '../../compliance/evm.ts';
import {
  commitmentOf,
  DECISION,
  DIGEST,
  type JobsWorld,
  NONE,
  openJobsWorld,
  SALT,
  SEAT_STAKE,
  STEP,
  SUPPLY,
  VOTES,
  WINDOW,
} from '../jobs/world.ts';

let world: JobsWorld;
beforeAll(async () => {
  world = await openJobsWorld();
  await world.evm.save();
});
beforeEach(() => world.evm.restore());
afterAll(() => world?.evm.close());

const by = (account: number, contract = world.evaluator) => as(contract, world.accounts[account]!);
const status = async (jobId: number) => Number((await read(world.commerce, 'getJob', jobId)).status);
const [COMPLETED, REJECTED, EXPIRED] = [3, 4, 5];
const outcome = async (jobId: number) => Number((await read(world.evaluator, 'disputeOf', jobId))[0].outcome);
const [STANDS, UPHELD, UNDECIDED] = [1, 2, 3];
const bondOwed = (account: number, asset = world.token) =>
  read(world.evaluator, 'owed', asset.target, world.accounts[account]!.address);
describe('who tries to sway a jury', () => {
  it('is not drawn for a job of its own, nor with a seat that it took after the job was funded', async () => {
    await world.takeSeats([0, 1, 2, 3, 4]);
    const jobId = await world.defend();
    await world.takeSeats([5, 6, 7]);
    expect((await world.draw(jobId)).sort()).toEqual([2, 3, 4]);
  });

  it('with stake that it moves from seat to seat has one seat: unbonding stake stands behind none', async () => {
    await world.takeSeats([2, 3, 4, 5, 6]);
    const jobId = await world.defend();
    await send(by(5, world.stakes), 'requestUnbond', world.token.target, 5, SEAT_STAKE * 10n ** 6n);
    const jury = await world.draw(jobId);
    expect(jury).toHaveLength(3);
    expect(jury).not.toContain(5);
    await send(by(8), 'leaveSeat', 5);
    await expectRefusal('SeatHasStake', by(8), 'leaveSeat', 6);
  });

  it('and takes its stake away between vote and count has no vote', async () => {
    await world.takeSeats([2, 3, 4]);
    const jobId = await world.defend();
    await world.draw(jobId);
    for (const juror of [2, 3, 4]) await world.commit(jobId, juror, 'reject');
    await send(by(2, world.stakes), 'requestUnbond', world.token.target, 2, SEAT_STAKE * 10n ** 6n);
    await expectRefusal('SeatStakeTooSmall', by(2), 'reveal', jobId, 2, VOTES.reject, SALT);
    await world.reveal(jobId, 3, 'reject');
    await world.reveal(jobId, 4, 'reject');
    await world.evm.passTime(2 * STEP);
    await send(by(8), 'settle', jobId);
    expect([await outcome(jobId), await status(jobId)]).toEqual([UPHELD, REJECTED]);
    expect(await bondOwed(2)).toBe(0n);
    expect(await read(world.evaluator, 'seatTakenAt', 2)).toBe(0n);
  });

  it('by copying another juror’s commitment cannot reveal it', async () => {
    await world.takeSeats([2, 3, 4]);
    const jobId = await world.defend();
    await world.draw(jobId);
    const copied = commitmentOf(world.evaluator.target as string, jobId, 2, 'reject');
    await send(by(2), 'commit', jobId, 2, copied);
    await send(by(3), 'commit', jobId, 3, copied);
    await world.commit(jobId, 4, 'complete');
    await world.reveal(jobId, 2, 'reject');
    for (const vote of [VOTES.reject, VOTES.complete]) {
      await expectRefusal('WrongVote', by(3), 'reveal', jobId, 3, vote, SALT);
    }
    await expectRefusal('AlreadyVoted', by(2), 'commit', jobId, 2, copied);
    await expectRefusal('AlreadyVoted', by(2), 'reveal', jobId, 2, VOTES.reject, SALT);
  });

  it('by filling the list with seats without stake fills it with few: newcomers clear them, and a draw finds the others', async () => {
    await world.takeSeats([2, 3, 4]);
    // 40 identities with one stake that is moved on: stake unbonds in two seconds.
    await send(world.params, 'setWindows', 1, 2);
    const first = 9;
    for (let i = 0; i < 40; i++) {
      const agentId = first + i;
      await send(by(8, world.identities), 'register()');
      await send(by(8, world.stakes), 'deposit', world.token.target, agentId, SEAT_STAKE);
      await send(by(8), 'takeSeat', agentId);
      await send(by(8, world.stakes), 'requestUnbond', world.token.target, agentId, SEAT_STAKE * 10n ** 6n);
    }
    await world.evm.passTime(10);
    const jobId = await world.defend();
    expect(Number(await read(world.evaluator, 'seatCount'))).toBeLessThan(3 + 8);
    const receipt = await send(world.evaluator, 'draw', jobId);
    expect(receipt.gasUsed).toBeLessThan(1_500_000n);
    expect((await read(world.evaluator, 'disputeOf', jobId))[1]).toHaveLength(3);
  });

  it('by leaving or taking seats once the hash of the draw is known changes no jury', async () => {
    await world.takeSeats([2, 3, 4, 5, 6, 7, 8]);
    const jobId = await world.defend();
    const { provider } = world.evm;
    const juriesAfter = async (changes: [string, number][]): Promise<string> => {
      const snapshot = await provider.send('evm_snapshot', []);
      for (const [method, seat] of changes) await send(by(seat), method, seat);
      const jury = await world.draw(jobId);
      await provider.send('evm_revert', [snapshot]);
      return `${jury.filter((seat) => seat !== 2 && seat !== 3)}`;
    };
    const leave = (seat: number): [string, number] => ['leaveSeat', seat];
    const take = (seat: number): [string, number] => ['takeSeat', seat];
    const juries = [
      [leave(2), leave(3)],
      [leave(3), leave(2)],
      [leave(2), leave(3), take(2)],
      [leave(2), leave(3), take(3), take(2), take(0), take(1)],
    ];
    const found = new Set<string>();
    for (const changes of juries) found.add(await juriesAfter(changes));
    expect([...found]).toHaveLength(1);
  });

  it('by waiting until the block of the draw is forgotten only puts the draw off, within its step', async () => {
    await world.takeSeats([2, 3, 4]);
    const jobId = await world.defend();
    await world.evm.provider.send('anvil_mine', [toQuantity(300), '0x0']);
    const receipt = await send(world.evaluator, 'draw', jobId);
    expect(events(receipt, world.evaluator, 'DrawPostponed')).toHaveLength(1);
    expect(await world.draw(jobId)).toHaveLength(3);
    const late = await world.defend();
    await world.evm.passTime(STEP);
    await expectRefusal('StepOver', world.evaluator, 'draw', late);
    await send(by(8), 'settle', late);
    expect([await outcome(late), await status(late)]).toEqual([UNDECIDED, COMPLETED]);
  });
});

describe('disputes at their edges', () => {
  it('with as many votes to reject as to complete are dismissed, and the deliverable stands', async () => {
    await world.takeSeats([2, 3, 4]);
    const jobId = await world.defend(10_000n);
    await world.draw(jobId);
    await world.commit(jobId, 2, 'reject');
    await world.commit(jobId, 3, 'complete');
    await world.evm.passTime(STEP);
    await expectRefusal('StepOver', by(4), 'commit', jobId, 4, DIGEST);
    await world.reveal(jobId, 2, 'reject');
    await world.reveal(jobId, 3, 'complete');
    await expectRefusal('StepNotOver', by(8), 'decide', jobId);
    await world.evm.passTime(STEP);
    await send(by(8), 'decide', jobId);
    expect(await outcome(jobId)).toBe(STANDS);
    expect([await bondOwed(0), await bondOwed(1), await bondOwed(2), await bondOwed(3)]).toEqual([
      ...[0n, 1500n, 0n, 500n],
    ]);
  });

  it('that no one carries out end with the job, and jurors are paid all the same', async () => {
    await world.takeSeats([2, 3, 4]);
    const jobId = await world.defend(10_000n);
    await world.draw(jobId);
    for (const juror of [2, 3, 4]) await world.commit(jobId, juror, 'complete');
    for (const juror of [2, 3, 4]) await world.reveal(jobId, juror, 'complete');
    await world.evm.passTime(10 * DECISION);
    await send(by(8, world.commerce), 'claimRefund', jobId);
    expect(await status(jobId)).toBe(EXPIRED);
    await expectRefusal('NotInReview', by(1), 'settle', jobId);
    await send(by(8), 'decide', jobId);
    expect([await bondOwed(1), await bondOwed(2)]).toEqual([1000n + 502n, 166n]);
  });

  it('of a job that its provider gives up give the client its bond back, and are over', async () => {
    const jobId = await world.submit();
    await send(by(0), 'dispute', jobId, NONE);
    await send(by(1), 'giveUp', jobId);
    expect([await outcome(jobId), await status(jobId), await bondOwed(0)]).toEqual([UPHELD, REJECTED, 1000n]);
    await expectRefusal('DisputeDecided', by(1), 'defend', jobId, NONE);
    await expectRefusal('DisputeDecided', by(8), 'decide', jobId);
  });

  it('come in the last second of the window, or not at all; so does all that has a deadline', async () => {
    const { provider } = world.evm;
    const jobId = await world.submit();
    const submitted = await world.evm.now();
    const at = (time: number) => provider.send('evm_setNextBlockTimestamp', [time]);
    await at(submitted + WINDOW);
    await provider.send('evm_mine', []);
    await expectRefusal('StepOver', by(0), 'dispute', jobId, NONE);
    await send(by(8), 'settle', jobId);
    const second = await world.submit();
    const end = (await world.evm.now()) + WINDOW - 1;
    await at(end);
    await send(by(0), 'dispute', second, NONE);
    await expectRefusal('StepNotOver', by(0), 'settle', second);
    await at(end + STEP - 1);
    await send(by(1), 'defend', second, NONE);
  });

  it('between a party and itself cost it what jurors are paid', async () => {
    await world.takeSeats([2, 3, 4]);
    const expiredAt = (await world.evm.now()) + 2 * DECISION;
    const { address } = world.accounts[0]!;
    const args = [address, world.evaluator.target, expiredAt, 'a job', ZeroAddress];
    const held = await world.balance(address);
    await send(by(0, world.commerce), 'createJob', ...args);
    await send(by(0, world.commerce), 'setBudget', 1, 1000, '0x');
    await send(by(0, world.commerce), 'fund', 1, 1000, '0x');
    await send(by(0, world.commerce), 'submit', 1, DIGEST, '0x');
    await send(by(0), 'dispute', 1, NONE);
    await send(by(0), 'defend', 1, NONE);
    await world.draw(1);
    for (const juror of [2, 3, 4]) await world.commit(1, juror, 'complete');
    for (const juror of [2, 3, 4]) await world.reveal(1, juror, 'complete');
    await send(by(0), 'settle', 1);
    await send(world.evaluator, 'withdraw', world.token.target, address);
    // 1 % of the budget, and of half a bond of 100 what three jurors can share.
    expect(held - (await world.balance(address))).toBe(10n + 48n);
  });
});

it('a juror that is silent keeps its seat if the bond is small, or in a token that may be worth nothing', async () => {
  await world.takeSeats([2, 3, 4]);
  const seats = async (jobId: number) => {
    await world.draw(jobId);
    await world.evm.passTime(2 * STEP);
    await send(by(8), 'settle', jobId);
    return Number(await read(world.evaluator, 'seatCount'));
  };
  expect(await seats(await world.defend((SEAT_STAKE / 100n - 1n) * 10n))).toBe(3);
  const other = await world.evm.deploy(chorusToken, world.accounts[0]!.address, SUPPLY);
  await send(other, 'transfer', world.accounts[1]!.address, 10n ** 9n);
  for (const account of [0, 1]) {
    for (const { target } of [world.commerce, world.evaluator])
      await send(by(account, other), 'approve', target, SUPPLY);
  }
  expect(await seats(await world.defend(10n ** 6n, other))).toBe(3);
  expect(await seats(await world.defend((SEAT_STAKE / 100n) * 10n))).toBe(0);
});

it('a job that names a hook is refused: its policy would not run', async () => {
  const expiredAt = (await world.evm.now()) + 2 * DECISION;
  const { address } = world.accounts[1]!;
  const args = [address, world.evaluator.target, expiredAt, 'a job', world.token.target];
  await expectRefusal('HooksNotSupported', world.commerce, 'createJob', ...args);
});
