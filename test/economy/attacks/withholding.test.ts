import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Play } from '../world/play.ts';
import { digestOf, point, sealOf, signAvailable, signVerdict } from '../world/round.ts';
import { startWorld, type World } from '../world/world.ts';

/** Part of the stake of 1000 that each offence costs by default. */
const TRAINER_ABSENT = 10n;
const VALIDATOR_ABSENT = 30n;
const AGGREGATOR_ABSENT = 30n;

describe('members that stop, wait or send garbage', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(10);
  });
  afterAll(() => world?.close());

  it('a trainer that joins and vanishes pays for every round, and the others are paid all the same', async () => {
    const play = await Play.start(world);
    const [vanished, honest] = play.trainers as [string, string];
    for (let round = 1; round <= 2; round++) {
      await play.toSettle([honest]);
      await play.settle();
      expect(await play.lockOf(vanished)).toBe(1000n - BigInt(round) * TRAINER_ABSENT);
    }
    // 94 % of each half of the budget, to the only one that worked.
    expect(await play.claimable(honest)).toBeGreaterThanOrEqual(939_999n);
    expect(await play.claimable(vanished)).toBe(0n);
    expect(await play.lockOf(honest)).toBe(1000n);
    await world.tasks.send(honest, 'releaseStake', play.id, vanished);
    expect(await play.lockOf(vanished)).toBe(0n);
  });

  it('trainers that never commit make rounds void, cost the owner nothing, and pay for each', async () => {
    const play = await Play.start(world);
    const before = await play.balance(play.owner);
    const [first, second] = play.trainers as [string, string];
    for (let round = 1; round <= 2; round++) {
      await play.seal(play.validators[0]!);
      await play.pass(first);
    }
    for (const trainer of play.trainers) expect(await play.lockOf(trainer)).toBe(1000n - 2n * TRAINER_ABSENT);
    const { remaining } = await play.task();
    // All of it is burned: the owner and who reports gain nothing.
    expect(remaining).toBe(1_000_000n);
    expect(await world.stakes.read('reportRewards', play.token.address, first)).toBe(0n);
    await world.tasks.send(second, 'refund', play.id);
    expect((await play.balance(play.owner)) - before).toBe(remaining);
  });

  it('a commitment that is no finite point of the curve in canonical form is refused', async () => {
    const play = await Play.start(world);
    const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
    const { x, y } = point(7);
    const [trainer] = play.trainers as [string];
    for (const garbage of [
      { x: 0n, y: 0n },
      { x: 1n, y: 3n },
      { x: x + Q, y },
      { x, y: y + Q },
      { x: 2n ** 256n - 1n, y: 2n ** 256n - 1n },
    ]) {
      const args = [play.id, 1, garbage, digestOf(1)];
      expect(await world.tasks.refusal(trainer, 'commitUpdate', ...args)).toBe('InvalidCommitment');
    }
  });

  it('a commitment without a payload is left out by the validators, and its maker slashed unless it can show it', async () => {
    const play = await Play.start(world, { validators: [1, 5, 6], params: { minValidators: 2 } });
    const [liar, honest] = play.trainers as [string, string];
    await play.toSettle();
    await play.settle(undefined, { unavailable: 1 });
    expect(await play.claimable(liar)).toBe(0n);
    expect(await play.claimable(honest)).toBeGreaterThan(400_000n);
    const { deadline } = await world.tasks.read('getCase', play.id, 1, 0);
    await world.chain.jumpTo(Number(deadline));
    await world.tasks.send(honest, 'resolveCase', play.id, 1, 0);
    expect(await play.lockOf(liar)).toBe(800n);
  });

  it('an honest trainer that was called unavailable is heard, and its accusers pay', async () => {
    const play = await Play.start(world, { validators: [1, 5, 6], params: { minValidators: 2 } });
    const [accused] = play.trainers as [string];
    await play.toSettle();
    await play.settle(undefined, { unavailable: 1 });
    await world.tasks.send(accused, 'publishPayload', play.id, 1, '0x1234');
    // Two of the three that had signed against it now have the payload, and say so.
    const [first, second, third] = play.validators as [string, string, string];
    const message = { taskId: play.id, round: 1, commitments: await play.commitments(1), trainer: 0 };
    const votes = await Promise.all(
      [first, second].map((v) => signAvailable(world, play.wallet(v), message)),
    );
    await world.tasks.send(accused, 'contest', play.id, 1, 0, votes);
    await world.chain.pass(7_300);
    await world.tasks.send(accused, 'resolveCase', play.id, 1, 0);
    expect(await play.lockOf(accused)).toBe(1000n);
    expect(await play.lockOf(third)).toBe(800n);
    expect(await play.lockOf(first)).toBe(1000n);
    // What it lost stays lost: the round is settled.
    expect(await play.claimable(accused)).toBe(0n);
  });

  it('a validator that waits for the others’ references has sealed its own before, and can open no other', async () => {
    const play = await Play.start(world, { validators: [1, 5], params: { minValidators: 1 } });
    const [early, late] = play.validators as [string, string];
    await play.toReference();
    await play.open(early);
    const seen = play.opening(early);
    const reopen = [play.id, 1, seen.commitment, seen.digest, play.opening(late).salt];
    expect(await world.tasks.refusal(late, 'openReference', ...reopen)).toBe('WrongOpening');
    const another = sealOf(play.id, 1, late, seen);
    expect(await world.tasks.refusal(late, 'sealReference', play.id, 1, another)).toBe('WrongPhase');
  });

  it('a validator that withholds its reference pays, and the round goes on with those of the others', async () => {
    const play = await Play.start(world, { validators: [1, 5], params: { minValidators: 1 } });
    const [honest, late] = play.validators as [string, string];
    await play.toReference();
    await play.open(honest);
    await play.pass();
    expect(await play.lockOf(late)).toBe(1000n - VALIDATOR_ABSENT);
    const before = [await play.claimable(honest), await play.claimable(late)] as const;
    await play.settle();
    expect((await play.claimable(honest)) - before[0]).toBe(10_000n);
    expect(await play.claimable(late)).toBe(before[1]);
  });

  it('a validator cannot seal what another sealed', async () => {
    const play = await Play.start(world, { validators: [1, 5] });
    const [victim, thief] = play.validators as [string, string];
    await play.seal(victim);
    const copied = sealOf(play.id, 1, victim, play.opening(victim));
    await world.tasks.send(thief, 'sealReference', play.id, 1, copied);
    for (const [k, trainer] of play.trainers.entries()) await play.commit(trainer, k + 1);
    await play.open(victim);
    const { commitment, digest, salt } = play.opening(victim);
    const args = [play.id, 1, commitment, digest, salt];
    expect(await world.tasks.refusal(thief, 'openReference', ...args)).toBe('WrongOpening');
  });

  it('an aggregator that withholds loses its window to the next, and its stake for it', async () => {
    const play = await Play.start(world, { aggregators: [4, 7, 8] });
    await play.toSettle();
    const { settleStart } = await play.round();
    const [lazy, next] = [await play.candidate(0), await play.candidate(1)];
    await world.chain.jumpTo(Number(settleStart) + 100);
    const sent = await play.settlement();
    expect(await world.tasks.refusal(lazy, 'settle', play.id, 1, sent)).toBe('NotYourTurn');
    const before = await play.claimable(next);
    await play.settle(next);
    expect(await play.lockOf(lazy)).toBe(1000n - AGGREGATOR_ABSENT);
    expect(await play.lockOf(next)).toBe(1000n);
    expect((await play.claimable(next)) - before).toBe(15_000n);
  });

  it('aggregators that all withhold leave the round to anyone, and all pay', async () => {
    const play = await Play.start(world, { aggregators: [4, 7] });
    await play.toSettle();
    const { settleStart } = await play.round();
    await world.chain.jumpTo(Number(settleStart) + 200);
    const stranger = world.chain.accounts[9]!;
    await play.settle(stranger);
    expect(await play.claimable(stranger)).toBe(15_000n);
    for (const candidate of play.aggregators) {
      expect(await play.lockOf(candidate)).toBe(1000n - AGGREGATOR_ABSENT);
    }
  });

  it('validators that do not sign are asked on chain, and pay for their silence instead of the candidates', async () => {
    const play = await Play.start(world, { validators: [1, 5, 6], params: { minValidators: 2 } });
    const [candidate] = play.aggregators as [string];
    await play.toSettle();
    await play.request();
    const honest = play.validators[0]!;
    const lists = { unavailable: 0, rejected: 0 };
    const commitments = await play.commitments();
    const verdict = { taskId: play.id, round: 1, commitments, ...lists, lossBefore: 2, lossAfter: 1 };
    const vote = await signVerdict(world, play.wallet(honest), verdict);
    await world.tasks.send(candidate, 'postVerdict', play.id, 1, 0, 0, { x: 0, y: 0 }, vote);
    await play.pass();
    expect(await play.lockOf(candidate)).toBe(1000n);
    expect(await play.lockOf(honest)).toBe(1000n);
    for (const silent of play.validators.slice(1)) {
      expect(await play.lockOf(silent)).toBe(1000n - VALIDATOR_ABSENT);
    }
  });

  it('a task whose members have all vanished ends by itself, and everything comes out', async () => {
    const play = await Play.start(world);
    await play.abandon();
    const members = [...play.validators, ...play.trainers, ...play.aggregators];
    for (const member of members) await world.tasks.send(play.owner, 'releaseStake', play.id, member);
    await world.tasks.send(play.owner, 'refund', play.id);
    expect((await play.task()).remaining).toBe(0n);
    for (const member of members) expect(await play.lockOf(member)).toBe(0n);
  });
});
