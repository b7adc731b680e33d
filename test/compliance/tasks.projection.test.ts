import { AbiCoder, type Contract, id, keccak256, ParamType } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, read, refusal, send } from './evm.ts';
import {
  addG1,
  bits,
  NO_POINT,
  openTaskWorld,
  type Player,
  type Point,
  PROJECTION,
  point,
  ROLE,
  RULE,
  SHARE_ONE,
  STATUS,
  type TaskWorld,
} from './tasks/harness.ts';

/** A verifier that accepts exactly one statement. */
const STATEMENT_VERIFIER = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {IContributionVerifier} from "contracts/interfaces/IContributionVerifier.sol";
contract StatementVerifier {
  uint256 public headRows;
  bytes32 private expected;
  error Unexpected(bytes32 statement);
  constructor(uint256 rows) { headRows = rows; }
  function expect(bytes32 statement) external { expected = statement; }
  function verify(IContributionVerifier.Statement calldata s, IContributionVerifier.ContributionProof calldata) external view {
    if (keccak256(abi.encode(s)) != expected) revert Unexpected(keccak256(abi.encode(s)));
  }
}`;

const STATEMENT = ParamType.from(
  `tuple(address taskContract, uint256 taskId, uint256 round, address prover, uint256 dimension,
    tuple(uint256 x, uint256 y)[20] commitments, uint256[2] weights, uint256[3] shares, tuple(uint256 x, uint256 y) aggregate)`,
);

/** Rows of a statement before the trainers'. */
const HEAD = 4;
const NOVELTY = point(77_777n);

describe('rules with one sum of references, and rules with groups and novelty', () => {
  let world: TaskWorld;
  beforeAll(async () => {
    world = await openTaskWorld();
  });
  beforeEach(() => world.restore());
  afterAll(() => world?.close());

  const first = async (taskId: bigint): Promise<Player> => (await world.order(taskId))[0]!;

  describe('the statement that is proven', () => {
    const rules = { one: keccak256('0x5a'), groups: keccak256('0x5b') };
    const verifiers = {} as Record<keyof typeof rules, Contract>;
    const hash = (value: object): string =>
      keccak256(AbiCoder.defaultAbiCoder().encode([STATEMENT], [value]));
    beforeAll(async () => {
      await world.restore();
      for (const [kind, rows] of [
        ['one', 1],
        ['groups', HEAD],
      ] as const) {
        const verifier = await world.evm.deploySource('StatementVerifier', STATEMENT_VERIFIER, rows);
        await send(world.parameters, 'addVerifier', rules[kind], 16, verifier.target);
        verifiers[kind] = verifier;
      }
      await world.save();
    });

    /** 20 rows: these leading ones, and these trainers' updates. */
    const rowsOf = (head: Point[], trainers: number[]): Point[] =>
      Array.from({ length: HEAD + 16 }, (_, i) =>
        i < HEAD ? (head[i] ?? NO_POINT) : trainers.includes(i - HEAD) ? world.update(i - HEAD) : NO_POINT,
      );
    const statementOf = async (taskId: bigint, commitments: Point[]) => ({
      taskContract: world.tasks.target,
      taskId,
      round: 1,
      prover: (await first(taskId)).address,
      dimension: 10,
      commitments,
      weights: [0n, 0n],
      shares: [0n, 0n, 0n],
      aggregate: NO_POINT,
    });
    /** A task of the rule with groups in the settle phase, that these validators were appointed to and those joined. */
    const appointed = async (validators: string[], joining: Player[]): Promise<bigint> => {
      const taskId = await world.create({ rule: rules.groups, validators, minValidators: 1 });
      for (const player of world.trainers) await world.join(taskId, player, ROLE.trainer);
      for (const player of joining) await world.join(taskId, player, ROLE.validator);
      for (const player of world.aggregators) await world.join(taskId, player, ROLE.aggregator);
      if ((await world.task(taskId)).status === STATUS.joining) await world.expire(taskId);
      const sealing = joining.map((player) => world.validators.indexOf(player));
      await world.toSettle(taskId, 1, { sealing });
      return taskId;
    };
    /** Settles round 1 with these leading rows in the statement. */
    const settlesWith = async (
      kind: keyof typeof rules,
      taskId: bigint,
      head: Point[],
      plan: { rejected?: bigint; novelty?: Point; voters?: Player[] } = {},
    ): Promise<void> => {
      const statement = await statementOf(taskId, rowsOf(head, [0, 1, 2]));
      await send(verifiers[kind], 'expect', hash(statement));
      await world.settle(taskId, 1, plan);
    };

    it('the statement that is proven is what the chain stored: the used references in sum, the included updates, the sender, and nothing else', async () => {
      const taskId = await world.start({ rule: rules.one, dimension: 77 });
      await world.toSettle(taskId, 1, { trainers: [0, 2], sealing: [0, 1, 2] });
      const sender = await first(taskId);
      const plan = { unavailable: bits(0), rejected: bits(1), weights: [0, 0, 9], shares: [0, 0, 7] };
      const given = (await world.settlement(taskId, 1, { ...plan, aggregate: point(3n) })) as {
        weights: bigint[];
        shares: bigint[];
      };
      const sum = addG1(world.reference(0), world.reference(2));
      const statement = {
        ...(await statementOf(taskId, rowsOf([sum], [2]))),
        dimension: 77,
        weights: given.weights,
        shares: given.shares,
        aggregate: point(3n),
      };
      const { one } = verifiers;
      await send(one, 'expect', hash({ ...statement, prover: world.stranger.address }));
      const refusedWith = await refusal(world.by(sender), 'settle', taskId, 1, given);
      expect(refusedWith).toBe(`${id('Unexpected(bytes32)').slice(0, 10)}${hash(statement).slice(2)}`);
      expect((await world.round(taskId)).number).toBe(1n);
      await send(one, 'expect', hash(statement));
      await world.send(sender, 'settle', taskId, 1, given);
    });

    it('the statement that is proven of a single used reference is that reference itself', async () => {
      const taskId = await world.start({ rule: rules.one });
      await world.toSettle(taskId, 1, { sealing: [2] });
      await settlesWith('one', taskId, [world.reference(2)]);
    });

    it('the statement that is proven has a row for each group of the appointment, and the novelty of the settlement', async () => {
      const taskId = await world.start({ rule: rules.groups });
      await world.toSettle(taskId);
      const groups = [0, 1, 2].map((i) => world.reference(i));
      await settlesWith('groups', taskId, [...groups, NOVELTY], { novelty: NOVELTY });
    });

    it('the statement that is proven goes by the place in the appointment, and a group without a used reference is infinity', async () => {
      // Places 0, 2 and 3 join: groups 0, 2 and 0.
      const [a, b, c] = world.validators.map((v) => v.address) as [string, string, string];
      const sum = addG1(world.reference(0), world.reference(2));
      for (const [rejected, novelty, groups] of [
        [0n, NOVELTY, [sum, NO_POINT, world.reference(1)]],
        // The reference of place 2 is rejected; nothing is new.
        [bits(2), NO_POINT, [sum, NO_POINT, NO_POINT]],
      ] as const) {
        const taskId = await appointed([a, world.stranger.address, b, c], world.validators);
        await settlesWith('groups', taskId, [...groups, novelty], { rejected, novelty });
      }
    });

    it('the statement that is proven of fewer than three appointed validators has all of them in each group', async () => {
      const two = world.validators.slice(0, 2);
      const taskId = await appointed(
        two.map((v) => v.address),
        two,
      );
      const sum = addG1(world.reference(0), world.reference(1));
      await settlesWith('groups', taskId, [sum, sum, sum, NOVELTY], { novelty: NOVELTY, voters: two });
    });
  });

  describe('the novelty', () => {
    const ready = async (rule: string): Promise<bigint> => {
      const taskId = await world.start({ rule });
      await world.toSettle(taskId);
      return taskId;
    };
    const OFF_CURVE = { x: 1n, y: 3n };
    const UNREDUCED = {
      x: 1n + 21888242871839275222246405745257275088696311157297823662689037894645226208583n,
      y: 2n,
    };

    it('the novelty is what the votes sign: with another one the settlement is refused', async () => {
      const taskId = await ready(PROJECTION);
      const sender = world.by(await first(taskId));
      const given = await world.settlement(taskId, 1, { novelty: NOVELTY });
      for (const novelty of [NO_POINT, point(77_778n)]) {
        await expectRefusal('InvalidVotes', sender, 'settle', taskId, 1, { ...given, novelty });
      }
      const none = await world.settlement(taskId, 1);
      await expectRefusal('InvalidVotes', sender, 'settle', taskId, 1, { ...none, novelty: NOVELTY });
      await world.send(await first(taskId), 'settle', taskId, 1, given);
    });

    it('the novelty is a point of the curve, or infinity if nothing is new', async () => {
      const taskId = await ready(PROJECTION);
      const sender = world.by(await first(taskId));
      for (const novelty of [OFF_CURVE, UNREDUCED]) {
        const given = await world.settlement(taskId, 1, { novelty });
        await expectRefusal('InvalidNovelty', sender, 'settle', taskId, 1, given);
      }
      await world.settle(taskId, 1);
    });

    it('a rule without novelty accepts only (0, 0) for it', async () => {
      const taskId = await ready(RULE);
      const given = await world.settlement(taskId, 1, { novelty: NOVELTY });
      await expectRefusal('InvalidNovelty', world.by(await first(taskId)), 'settle', taskId, 1, given);
      await world.settle(taskId, 1);
    });

    /** The drawn candidate asks, in the second half of its window. */
    const request = async (taskId: bigint) => {
      await world.passTo(Number((await world.round(taskId)).settleStart) + 50);
      await world.send(await first(taskId), 'requestVerdicts', taskId, 1);
    };

    it('the novelty is part of verdicts posted on chain, and of what a majority agrees on', async () => {
      const taskId = await ready(PROJECTION);
      const [a, b, c] = world.validators as [Player, Player, Player];
      const post = async (voter: Player, novelty: Point, signed = novelty) => {
        const vote = await world.verdict(voter, taskId, 1, { novelty: signed });
        return [taskId, 1, 0, 0, novelty, vote] as const;
      };
      await request(taskId);
      const stranger = world.by(world.stranger);
      await expectRefusal('InvalidNovelty', stranger, 'postVerdict', ...(await post(a, OFF_CURVE)));
      await expectRefusal('InvalidVotes', stranger, 'postVerdict', ...(await post(a, NOVELTY, NO_POINT)));
      const receipt = await world.send(world.stranger, 'postVerdict', ...(await post(a, NOVELTY)));
      const [posted] = world.events(receipt, 'VerdictPosted');
      expect([posted.novelty.x, posted.novelty.y]).toEqual([NOVELTY.x, NOVELTY.y]);
      await world.send(world.stranger, 'postVerdict', ...(await post(b, point(5n))));
      await world.send(world.stranger, 'postVerdict', ...(await post(c, point(6n))));
      // Three verdicts of the same lists, no two of the same novelty: no candidate could have settled.
      const locks = async () => Promise.all(world.aggregators.map((player) => world.lockOf(taskId, player)));
      const before = await locks();
      await world.expire(taskId);
      expect(await locks()).toEqual(before);
    });

    it('candidates that let their windows pass are slashed if a majority agreed on the novelty', async () => {
      const taskId = await ready(PROJECTION);
      await request(taskId);
      for (const voter of world.validators.slice(0, 2)) {
        const vote = await world.verdict(voter, taskId, 1, { novelty: NOVELTY });
        await world.send(world.stranger, 'postVerdict', taskId, 1, 0, 0, NOVELTY, vote);
      }
      const locks = async () => Promise.all(world.aggregators.map((player) => world.lockOf(taskId, player)));
      const before = await locks();
      await world.expire(taskId);
      expect((await locks()).every((lock, i) => lock < before[i]!)).toBe(true);
    });
  });

  describe('the minimum share', () => {
    const settled = async (terms: object, shares: number[], plan: object = {}) => {
      const taskId = await world.start({ rounds: 1, ...terms });
      await world.toSettle(taskId);
      const receipt = await world.settle(taskId, 1, { weights: [1, 1, 1], shares, ...plan });
      const [event] = world.events(receipt, 'RoundSettled');
      const record = await read(world.tasks, 'getRecord', taskId, 1);
      const earned = await Promise.all(
        world.trainers.map(async (trainer) => (await world.member(taskId, trainer)).earned),
      );
      return { taskId, event, record: record.toObject(true), earned };
    };
    /** A quarter of the equal share of three, rounded up: the least that is paid at 2500. */
    const least = Math.ceil(SHARE_ONE / 12);

    it('a share below the minimum is not paid, and its amount stays in the budget', async () => {
      const shares = [SHARE_ONE / 2, least, least - 1];
      const { taskId, event, record, earned } = await settled({ minShareBps: 2500 }, shares);
      const pay = (share: number): bigint => (event.pool * BigInt(share)) >> 32n;
      const paid = [pay(shares[0]!), pay(least), 0n];
      expect([...event.rewards]).toEqual(paid);
      expect(earned).toEqual(paid);
      // What was proven is in the event as it was proven, and what was paid in the record.
      const words = (values: number[]) =>
        values.reduce((word, s, i) => word | (BigInt(s) << BigInt(33 * i)), 0n);
      expect([...event.shares]).toEqual([words(shares), 0n, 0n]);
      expect(record.shares).toEqual([words([shares[0]!, least, 0]), 0n, 0n]);
      expect(record.included).toBe(bits(0, 1, 2));
      const { remaining } = await world.task(taskId);
      const spent = event.protocolFee + event.aggregatorFee + event.validatorFee;
      expect(remaining + spent + paid.reduce((a, b) => a + b, 0n)).toBe(event.budget);
      await world.send(world.owner, 'refund', taskId);
    });

    it('the minimum share goes by the trainers that take part', async () => {
      // Of two, a quarter of the equal share is an eighth.
      const shares = [SHARE_ONE / 2, Math.ceil(SHARE_ONE / 8) - 1, 0];
      const plan = { weights: [1, 1, 0], unavailable: bits(2) };
      const { event } = await settled({ minShareBps: 2500 }, shares, plan);
      expect(event.rewards[1]).toBe(0n);
      expect(event.rewards[0]).toBeGreaterThan(0n);
      const enough = await settled({ minShareBps: 2500 }, [SHARE_ONE / 2, SHARE_ONE / 8, 0], plan);
      expect(enough.event.rewards[1]).toBeGreaterThan(0n);
    });

    it('every share is paid if the task asks for no minimum', async () => {
      const { event } = await settled({ budget: 10n ** 18n, minShareBps: 0 }, [SHARE_ONE - 1, 1, 0]);
      expect(event.rewards[1]).toBeGreaterThan(0n);
    });

    it('the minimum share vests and counts as it was paid', async () => {
      const taskId = await world.start({ rounds: 3, vestingRounds: 2, minShareBps: 5000, budget: 10n ** 9n });
      // Half of the equal share of three is a sixth: the last gets nothing in round 1 and its part in round 2.
      const rounds = [
        [SHARE_ONE / 2, SHARE_ONE / 4, SHARE_ONE / 8],
        [SHARE_ONE / 4, SHARE_ONE / 4, SHARE_ONE / 2],
      ];
      for (const [k, shares] of rounds.entries())
        await world.play(taskId, k + 1, { weights: [1, 1, 1], shares });
      const member = await world.member(taskId, world.trainers[2]!);
      const { pool } = await read(world.tasks, 'getRecord', taskId, 2);
      expect(member.earned).toBe((pool * BigInt(SHARE_ONE / 2)) >> 32n);
      expect(member.vesting).toBe(member.earned);
    });

    it('the minimum share is at most half of the equal share', async () => {
      const terms = world.terms({ minShareBps: 5001 });
      await expectRefusal('ParameterOutOfBounds', world.by(world.owner), 'createTask', terms);
      const taskId = await world.create({ minShareBps: 5000 });
      expect((await world.task(taskId)).params.minShareBps).toBe(5000n);
    });
  });
});
