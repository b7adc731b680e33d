import {
  type Address,
  type ChainEvent,
  type ChainPort,
  type ContributionProof,
  G1_INFINITY,
  type Hex,
  hasCode,
  type Role,
  type Settlement,
  SHARE_ONE,
  settlementCandidate,
  type TaskParams,
  type VectorCommitment,
} from '@chorus/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addG1, G1_GENERATOR, mulG1 } from '../twins/bn254.ts';

/** A chain with a token and funded accounts, one port each; `poor` has no tokens. */
export interface ChainWorld {
  token: Address;
  treasury: Address;
  /** At least eight. */
  accounts: ChainPort[];
  poor: ChainPort;
  /** Moves the chain's clock on. */
  passTime(seconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface ChainSuiteOptions {
  /** Runs of the ledger property: random tasks from creation to the last withdrawal. */
  propertyRuns: number;
}

const SALT: Hex = `0x${'5a'.repeat(32)}`;

/** Of the right form and proving nothing: here a settlement's proof is not what is tested. */
export const UNCHECKED_PROOF: ContributionProof = {
  gramHash: 0n,
  innerProduct: 0n,
  cross: G1_INFINITY,
  quotient: G1_INFINITY,
  evaluations: [0n, 0n, 0n, 0n, 0n, 0n],
  groth16: { a: G1_INFINITY, b: { x: [0n, 0n], y: [0n, 0n] }, c: G1_INFINITY },
};

/** A vector commitment with a known discrete logarithm, so that sums are easy to state. */
export function vector(scalar: bigint): VectorCommitment {
  const hex = scalar.toString(16).padStart(64, '0');
  return { commitment: mulG1(G1_GENERATOR, scalar), digest: `0x${hex}` };
}

/**
 * The rules every implementation of the chain port keeps. The world accepts every proof: that a settlement is
 * checked by one is the subject of other tests.
 */
export function describeChain(
  name: string,
  open: () => Promise<ChainWorld>,
  options: ChainSuiteOptions,
): void {
  describe(`${name}: the chain port`, () => {
    let world: ChainWorld;
    let owner: ChainPort;
    let trainers: ChainPort[];
    let validators: ChainPort[];
    let aggregators: ChainPort[];
    beforeAll(async () => {
      world = await open();
      owner = world.accounts[0]!;
      trainers = world.accounts.slice(1, 4);
      validators = world.accounts.slice(4, 6);
      aggregators = world.accounts.slice(6, 8);
    });
    afterAll(() => world?.close());

    const params = (changes: Partial<TaskParams> = {}): TaskParams => ({
      token: world.token,
      budget: 1_000_003n,
      rounds: 2,
      minTrainers: 1,
      maxTrainers: 3,
      minAggregators: 2,
      stake: 50n,
      aggregatorFeeBps: 300,
      validatorFeeBps: 200,
      joinSeconds: 1000,
      commitSeconds: 1000,
      referenceSeconds: 1000,
      settleSeconds: 100,
      dimension: 10,
      termsDigest: `0x${'7e'.repeat(32)}`,
      validators: validators.map((v) => v.account),
      ...changes,
    });

    const create = async (changes?: Partial<TaskParams>): Promise<bigint> =>
      (await owner.createTask(params(changes))).taskId;

    const joinAll = async (ports: ChainPort[], taskId: bigint, role: Role): Promise<void> => {
      for (const port of ports) await port.join(taskId, [role], `peer-${port.account}`);
    };

    /** A task that everyone has joined, in round 1. */
    const running = async (changes?: Partial<TaskParams>): Promise<bigint> => {
      const taskId = await create(changes);
      await joinAll(trainers, taskId, 'trainer');
      await joinAll(validators, taskId, 'validator');
      await joinAll(aggregators, taskId, 'aggregator');
      return taskId;
    };

    const reference = (port: ChainPort): VectorCommitment => vector(BigInt(port.account) % 1000n);

    const seal = (port: ChainPort, taskId: bigint, round: number) =>
      port.sealReference(taskId, round, port.sealOf(taskId, round, reference(port), SALT));

    const openSeal = (port: ChainPort, taskId: bigint, round: number) =>
      port.openReference(taskId, round, reference(port), SALT);

    /** Trainer i commits the generator times (i + 2). */
    const commit = (i: number, taskId: bigint, round: number) =>
      trainers[i]!.commitUpdate(taskId, round, vector(BigInt(i) + 2n));

    const toReference = async (taskId: bigint, round = 1): Promise<void> => {
      for (const i of trainers.keys()) await commit(i, taskId, round);
      for (const port of validators) await seal(port, taskId, round);
    };

    const toSettle = async (taskId: bigint, round = 1): Promise<void> => {
      await toReference(taskId, round);
      for (const port of validators) await openSeal(port, taskId, round);
    };

    const settlement = (
      weights: number[],
      shares: number[],
      changes: Partial<Settlement> = {},
    ): Settlement => ({
      weights,
      shares,
      unavailable: [],
      votes: [],
      aggregate: weights.reduce(
        (sum, w, i) => addG1(sum, mulG1(G1_GENERATOR, BigInt(w) * (BigInt(i) + 2n))),
        G1_INFINITY,
      ),
      proof: UNCHECKED_PROOF,
      ...changes,
    });

    /** Settle with the votes of all validators, where the settlement brings none of its own. */
    const settle = async (port: ChainPort, taskId: bigint, round: number, given: Settlement) => {
      const votes =
        given.votes.length > 0
          ? given.votes
          : await Promise.all(validators.map((v) => v.signUnavailable(taskId, round, given.unavailable)));
      return port.settle(taskId, round, { ...given, votes });
    };

    const drawn = async (taskId: bigint, round = 1): Promise<ChainPort> => {
      const [task, state] = [await owner.task(taskId), await owner.round(taskId, round)];
      const account = settlementCandidate(task, state, state.settleStart);
      return aggregators.find((a) => a.account === account)!;
    };

    /** Let every phase run out until the task has ended. */
    const runOut = async (taskId: bigint): Promise<void> => {
      for (;;) {
        const task = await owner.task(taskId);
        if (task.status === 'ended') return;
        const now = await owner.now();
        const until = task.round === 0 ? task.joinDeadline : (await owner.round(taskId, task.round)).deadline;
        await world.passTime(Math.max(0, until - now) + 1);
        await owner.advance(taskId);
      }
    };

    const refused = async (code: string, action: Promise<unknown>): Promise<void> => {
      const error = await action.then(
        () => new Error(`expected ${code}, but it succeeded`),
        (e: unknown) => e,
      );
      if (!hasCode(error, code)) throw error;
    };

    describe('tasks', () => {
      it('creating one escrows exactly its budget and shows its parameters', async () => {
        const before = await owner.balance(world.token, owner.account);
        const taskId = await create();
        const task = await owner.task(taskId);
        expect(task).toMatchObject({ ...params(), id: taskId, owner: owner.account, status: 'joining' });
        expect(task.remaining).toBe(1_000_003n);
        expect(task.round).toBe(0);
        expect(task.totalCommitment).toEqual(G1_INFINITY);
        expect(before - (await owner.balance(world.token, owner.account))).toBe(1_000_003n);
      });

      it('one that does not exist is unknown', async () => {
        await refused('E_CHAIN_UNKNOWN_TASK', owner.task(99_999n));
        await refused('E_CHAIN_UNKNOWN_TASK', owner.advance(99_999n));
      });

      it('parameters out of bounds are refused', async () => {
        const wrong: Partial<TaskParams>[] = [
          { budget: 0n },
          { rounds: 0 },
          { rounds: 4097 },
          { minTrainers: 0 },
          { minTrainers: 4 },
          { maxTrainers: 17 },
          { minAggregators: 0 },
          { minAggregators: 17 },
          { aggregatorFeeBps: 5001 },
          { validatorFeeBps: 4900 },
          { joinSeconds: 0 },
          { commitSeconds: 0 },
          { referenceSeconds: 0 },
          { settleSeconds: 0 },
          { dimension: 0 },
          { dimension: 2 ** 22 + 1 },
          { validators: [] },
          { validators: [validators[0]!.account, validators[0]!.account] },
          { validators: ['0x0000000000000000000000000000000000000000'] },
        ];
        for (const changes of wrong) await refused('E_CHAIN_INVALID_PARAMS', create(changes));
      });

      it('a budget that the owner does not have is refused', async () => {
        await refused('E_CHAIN_STAKE_REQUIRED', world.poor.createTask(params()));
      });
    });

    describe('joining', () => {
      it('deposits the stake once whatever the number of roles, and records the member', async () => {
        const taskId = await create({ validators: [validators[0]!.account] });
        const before = await validators[0]!.balance(world.token, validators[0]!.account);
        await validators[0]!.join(taskId, ['validator', 'aggregator'], 'peer-0');
        expect(before - (await validators[0]!.balance(world.token, validators[0]!.account))).toBe(50n);
        expect(await owner.members(taskId)).toEqual([
          { address: validators[0]!.account, roles: ['validator', 'aggregator'], peerId: 'peer-0' },
        ]);
      });

      it('without the stake is refused', async () => {
        const taskId = await create();
        await refused('E_CHAIN_STAKE_REQUIRED', world.poor.join(taskId, ['trainer'], 'p'));
      });

      it('as trainer and validator at once is refused', async () => {
        const taskId = await create();
        await refused('E_CHAIN_ROLE_REFUSED', validators[0]!.join(taskId, ['trainer', 'validator'], 'p'));
      });

      it('as a validator without appointment is refused', async () => {
        const taskId = await create();
        await refused('E_CHAIN_ROLE_REFUSED', trainers[0]!.join(taskId, ['validator'], 'p'));
      });

      it('twice, without a role, or without a peer id is refused', async () => {
        const taskId = await create();
        await refused('E_CHAIN_ROLE_REFUSED', trainers[0]!.join(taskId, [], 'p'));
        await refused('E_CHAIN_INVALID_PARAMS', trainers[0]!.join(taskId, ['trainer'], ''));
        await refused('E_CHAIN_INVALID_PARAMS', trainers[0]!.join(taskId, ['trainer'], 'p'.repeat(129)));
        await trainers[0]!.join(taskId, ['trainer'], 'p');
        await refused('E_CHAIN_ALREADY_DONE', trainers[0]!.join(taskId, ['aggregator'], 'p'));
      });

      it('a task that has all its trainers is refused', async () => {
        const taskId = await create({ maxTrainers: 1 });
        await trainers[0]!.join(taskId, ['trainer'], 'p');
        await refused('E_CHAIN_TASK_FULL', trainers[1]!.join(taskId, ['trainer'], 'p'));
      });

      it('after the deadline or the start is refused', async () => {
        const late = await create();
        await world.passTime(1001);
        await refused('E_CHAIN_DEADLINE_PASSED', trainers[0]!.join(late, ['trainer'], 'p'));
        const started = await running();
        await refused('E_CHAIN_WRONG_PHASE', owner.join(started, ['aggregator'], 'p'));
      });

      it('completes the task and starts round 1', async () => {
        const task = await owner.task(await running());
        expect(task).toMatchObject({ status: 'running', round: 1 });
        expect(task.trainers).toEqual(trainers.map((t) => t.account));
        expect(task.activeValidators).toEqual(validators.map((v) => v.account));
        expect(task.aggregators).toEqual(aggregators.map((a) => a.account));
      });

      it('ends at the deadline: with enough members round 1 starts, else the task ends', async () => {
        const enough = await create({ minTrainers: 2 });
        await joinAll(trainers.slice(0, 2), enough, 'trainer');
        await joinAll(validators.slice(1), enough, 'validator');
        await joinAll(aggregators, enough, 'aggregator');
        const few = await create({ minTrainers: 2 });
        await joinAll(trainers.slice(0, 1), few, 'trainer');
        await joinAll(validators, few, 'validator');
        await joinAll(aggregators, few, 'aggregator');
        await refused('E_CHAIN_DEADLINE_NOT_PASSED', owner.advance(enough));
        await world.passTime(1001);
        await owner.advance(enough);
        await owner.advance(few);
        expect(await owner.task(enough)).toMatchObject({ status: 'running', round: 1 });
        expect((await owner.task(enough)).activeValidators).toEqual([validators[1]!.account]);
        expect(await owner.task(few)).toMatchObject({ status: 'ended', round: 0, remaining: 1_000_003n });
      });
    });

    describe('commit and reference', () => {
      it('the last commitment or seal ends the phase, the last opening the next one', async () => {
        const taskId = await running();
        await toReference(taskId);
        const state = await owner.round(taskId, 1);
        expect(state.phase).toBe('reference');
        expect(state.updates).toEqual([2n, 3n, 4n].map(vector));
        expect(state.references.map((r) => r.validator)).toEqual(validators.map((v) => v.account));
        expect(state.references.every((r) => r.seal !== null && r.opened === null)).toBe(true);
        for (const port of validators) await openSeal(port, taskId, 1);
        const opened = await owner.round(taskId, 1);
        expect(opened.phase).toBe('settle');
        expect(opened.references.map((r) => r.opened)).toEqual(validators.map(reference));
        expect(opened.settleStart).toBeGreaterThan(0);
        expect(opened.deadline).toBe(opened.settleStart + 3 * 100);
      });

      it('a commitment after the deadline is refused', async () => {
        const taskId = await running();
        await commit(0, taskId, 1);
        await world.passTime(1001);
        await refused('E_CHAIN_DEADLINE_PASSED', commit(1, taskId, 1));
        await refused('E_CHAIN_DEADLINE_PASSED', seal(validators[0]!, taskId, 1));
      });

      it('a commitment is final', async () => {
        const taskId = await running();
        await commit(0, taskId, 1);
        await refused('E_CHAIN_ALREADY_DONE', trainers[0]!.commitUpdate(taskId, 1, vector(77n)));
        expect((await owner.round(taskId, 1)).updates[0]).toEqual(vector(2n));
      });

      it('a point off the curve, not canonical, or at infinity is refused', async () => {
        const taskId = await running();
        const digest = vector(1n).digest;
        const q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
        for (const commitment of [
          { x: 1n, y: 3n },
          { x: 1n + q, y: 2n },
          { x: 1n, y: 2n + q },
          G1_INFINITY,
        ]) {
          await refused(
            'E_CHAIN_INVALID_POINT',
            trainers[0]!.commitUpdate(taskId, 1, { commitment, digest }),
          );
        }
      });

      it('whoever does not hold the role is refused', async () => {
        const taskId = await running();
        await refused('E_CHAIN_NOT_A_MEMBER', owner.commitUpdate(taskId, 1, vector(9n)));
        await refused('E_CHAIN_NOT_A_MEMBER', validators[0]!.commitUpdate(taskId, 1, vector(9n)));
        await refused('E_CHAIN_NOT_A_MEMBER', seal(trainers[0]!, taskId, 1));
      });

      it('another round than the current one, or another phase, is refused', async () => {
        const taskId = await running();
        await refused('E_CHAIN_WRONG_PHASE', commit(0, taskId, 2));
        await refused('E_CHAIN_WRONG_PHASE', openSeal(validators[0]!, taskId, 1));
        await refused('E_CHAIN_WRONG_PHASE', owner.round(taskId, 2));
        await toReference(taskId);
        await refused('E_CHAIN_WRONG_PHASE', commit(0, taskId, 1));
        await refused('E_CHAIN_WRONG_PHASE', seal(validators[0]!, taskId, 1));
      });

      it('an opening with another salt, point, digest or by another validator is refused', async () => {
        const taskId = await running();
        await toReference(taskId);
        const [first, second] = [validators[0]!, validators[1]!];
        const mine = reference(first);
        const code = 'E_CHAIN_WRONG_OPENING';
        await refused(code, first.openReference(taskId, 1, mine, `0x${'00'.repeat(32)}`));
        await refused(code, first.openReference(taskId, 1, { ...mine, digest: SALT }, SALT));
        await refused(
          code,
          first.openReference(taskId, 1, { ...mine, commitment: vector(9n).commitment }, SALT),
        );
        await refused(code, second.openReference(taskId, 1, mine, SALT));
        await openSeal(first, taskId, 1);
        await refused('E_CHAIN_ALREADY_DONE', openSeal(first, taskId, 1));
      });

      it('after the deadlines goes on with those who acted', async () => {
        const taskId = await running();
        await commit(1, taskId, 1);
        await seal(validators[0]!, taskId, 1);
        await refused('E_CHAIN_DEADLINE_NOT_PASSED', owner.advance(taskId));
        await world.passTime(1001);
        await owner.advance(taskId);
        const state = await owner.round(taskId, 1);
        expect(state.phase).toBe('reference');
        expect(state.updates).toEqual([null, vector(3n), null]);
        await refused('E_CHAIN_WRONG_PHASE', openSeal(validators[1]!, taskId, 1));
        await openSeal(validators[0]!, taskId, 1);
        expect((await owner.round(taskId, 1)).phase).toBe('settle');
      });

      it('a round without an update, a seal or an opening becomes void and the next one starts', async () => {
        const taskId = await running({ rounds: 3 });
        await seal(validators[0]!, taskId, 1);
        await world.passTime(1001);
        await owner.advance(taskId);
        expect((await owner.round(taskId, 1)).phase).toBe('void');
        expect(await owner.settledRound(taskId, 1)).toBeNull();
        await commit(0, taskId, 2);
        await world.passTime(1001);
        await owner.advance(taskId);
        expect((await owner.round(taskId, 2)).updates).toEqual([vector(2n), null, null]);
        await toReference(taskId, 3);
        await world.passTime(1001);
        await owner.advance(taskId);
        expect(await owner.task(taskId)).toMatchObject({ status: 'ended', remaining: 1_000_003n });
        await refused('E_CHAIN_WRONG_PHASE', owner.advance(taskId));
      });
    });

    describe('settlement', () => {
      it('pays shares and fees of the round, and keeps the rest in escrow', async () => {
        const taskId = await running();
        await toSettle(taskId);
        const accounts = [...trainers, ...validators, ...aggregators].map((p) => p.account);
        const owed = () =>
          Promise.all([...accounts, world.treasury].map((a) => owner.claimable(world.token, a)));
        const before = await owed();
        const aggregator = await drawn(taskId);
        const shares = [SHARE_ONE / 2, SHARE_ONE / 4, 0];
        await settle(aggregator, taskId, 1, settlement([40000, 20000, 5536], shares));
        const settled = (await owner.settledRound(taskId, 1))!;
        // Budget of round 1: floor(1000003 / 2) = 500001; fees are floors of 1 %, 3 % and 2 %.
        expect(settled).toMatchObject({
          taskId,
          round: 1,
          aggregator: aggregator.account,
          weights: [40000, 20000, 5536],
          shares,
          rewards: [235_000n, 117_500n, 0n],
          unavailable: [],
          protocolFee: 5_000n,
          aggregatorFee: 15_000n,
          validatorFee: 10_000n,
        });
        const credited = (await owed()).map((amount, i) => amount - before[i]!);
        const fee = aggregators.map((a) => (a === aggregator ? 15_000n : 0n));
        expect(credited).toEqual([235_000n, 117_500n, 0n, 5_000n, 5_000n, ...fee, 5_000n]);
        const task = await owner.task(taskId);
        expect(task).toMatchObject({ round: 2, status: 'running', remaining: 1_000_003n - 382_500n });
        expect(task.totalCommitment).toEqual(mulG1(G1_GENERATOR, 40000n * 2n + 20000n * 3n + 5536n * 4n));
        expect((await owner.round(taskId, 1)).phase).toBe('settled');
        expect((await owner.round(taskId, 1)).updates).toEqual([2n, 3n, 4n].map(vector));
        expect((await owner.round(taskId, 2)).updates).toEqual([null, null, null]);
      });

      it('adds every aggregate to the total commitment', async () => {
        const taskId = await running();
        for (const round of [1, 2]) {
          await toSettle(taskId, round);
          await settle(await drawn(taskId, round), taskId, round, settlement([65536, 0, 0], [0, 0, 0]));
        }
        const task = await owner.task(taskId);
        expect(task.status).toBe('ended');
        expect(task.totalCommitment).toEqual(mulG1(G1_GENERATOR, 2n * 65536n * 2n));
      });

      it('by anyone but the candidate of the window is refused; after the last window anyone may', async () => {
        const taskId = await running();
        await toSettle(taskId);
        const first = await drawn(taskId);
        const second = aggregators.find((a) => a !== first)!;
        const given = settlement([1, 0, 0], [0, 0, 0]);
        await refused('E_CHAIN_NOT_YOUR_TURN', settle(second, taskId, 1, given));
        await refused('E_CHAIN_NOT_YOUR_TURN', settle(owner, taskId, 1, given));
        await world.passTime(101);
        await refused('E_CHAIN_NOT_YOUR_TURN', settle(first, taskId, 1, given));
        await world.passTime(100);
        await settle(owner, taskId, 1, given);
        expect((await owner.settledRound(taskId, 1))!.aggregator).toBe(owner.account);
      });

      it('in nobody’s window makes the round void, and its budget rolls on', async () => {
        const taskId = await running();
        await toSettle(taskId);
        const { deadline } = await owner.round(taskId, 1);
        await world.passTime(deadline - (await owner.now()) + 1);
        await refused('E_CHAIN_DEADLINE_PASSED', settle(owner, taskId, 1, settlement([1, 0, 0], [0, 0, 0])));
        await owner.advance(taskId);
        await toSettle(taskId, 2);
        await settle(await drawn(taskId, 2), taskId, 2, settlement([0, 0, 0], [SHARE_ONE, 0, 0]));
        // All of the budget less 6 % of fees, each rounded down.
        expect((await owner.settledRound(taskId, 2))!.rewards[0]).toBe(
          1_000_003n - 10_000n - 30_000n - 20_000n,
        );
      });

      it('with sums or entries out of range, or something for an absent trainer, is refused', async () => {
        const taskId = await running();
        await commit(0, taskId, 1);
        await commit(1, taskId, 1);
        for (const port of validators) await seal(port, taskId, 1);
        await world.passTime(1001);
        await owner.advance(taskId);
        for (const port of validators) await openSeal(port, taskId, 1);
        const aggregator = await drawn(taskId);
        const code = 'E_CHAIN_INVALID_SETTLEMENT';
        const wrong: [number[], number[]][] = [
          [
            [65536, 1, 0],
            [0, 0, 0],
          ],
          [
            [0, 0, 0],
            [SHARE_ONE, 1, 0],
          ],
          [
            [2 ** 17, 0, 0],
            [0, 0, 0],
          ],
          [
            [0, 0, 0],
            [2 ** 33, 0, 0],
          ],
          [
            [0, 0, 1],
            [0, 0, 0],
          ],
          [
            [0, 0, 0],
            [0, 0, 1],
          ],
          [
            [0, 0, 0, 1],
            [0, 0, 0],
          ],
        ];
        for (const [weights, shares] of wrong) {
          await refused(code, settle(aggregator, taskId, 1, settlement(weights, shares)));
        }
        await settle(aggregator, taskId, 1, settlement([65536, 0, 0], [SHARE_ONE, 0, 0]));
      });

      it('of a round that is over is refused', async () => {
        const taskId = await running();
        await toSettle(taskId);
        const aggregator = await drawn(taskId);
        const given = settlement([1, 0, 0], [0, 0, 0]);
        await settle(aggregator, taskId, 1, given);
        await refused('E_CHAIN_WRONG_PHASE', settle(aggregator, taskId, 1, given));
      });

      it('leaves out trainers that a majority of the validators voted unavailable', async () => {
        const taskId = await running();
        await toSettle(taskId);
        const aggregator = await drawn(taskId);
        const votes = await Promise.all(validators.map((v) => v.signUnavailable(taskId, 1, [1])));
        const given = settlement([100, 0, 200], [1, 0, 1], { unavailable: [1], votes });
        await settle(aggregator, taskId, 1, given);
        expect((await owner.settledRound(taskId, 1))!.unavailable).toEqual([1]);
        expect(await owner.settlement(taskId, 1)).toEqual(given);
        expect(await owner.settlement(taskId, 2)).toBeNull();
      });

      it('with forged, repeated, too few or foreign votes is refused', async () => {
        const taskId = await running();
        const other = await running();
        await toSettle(taskId);
        const aggregator = await drawn(taskId);
        const [first, second] = [validators[0]!, validators[1]!];
        const good = await first.signUnavailable(taskId, 1, [1]);
        const also = await second.signUnavailable(taskId, 1, [1]);
        const trainer = await trainers[0]!.signUnavailable(taskId, 1, [1]);
        const flipped = `0x${(Number.parseInt(also.signature.slice(2, 4), 16) ^ 1).toString(16).padStart(2, '0')}`;
        const forgeries = [
          [good],
          [good, good],
          [good, trainer],
          [good, { ...trainer, validator: second.account }],
          [good, { ...also, signature: `${flipped}${also.signature.slice(4)}` as Hex }],
          [good, { ...also, signature: '0x' as Hex }],
          [good, { ...also, signature: malleated(also.signature) }],
          [good, await second.signUnavailable(taskId, 2, [1])],
          [good, await second.signUnavailable(other, 1, [1])],
          [good, await second.signUnavailable(taskId, 1, [1, 2])],
        ];
        for (const votes of forgeries) {
          const given = settlement([1, 0, 0], [1, 0, 0], { unavailable: [1], votes });
          await refused('E_CHAIN_INVALID_VOTES', settle(aggregator, taskId, 1, given));
        }
        // Votes for another list, or none at all: nobody said that the payloads can be had.
        const others = settlement([1, 0, 0], [1, 0, 0], { votes: [good, also] });
        await refused('E_CHAIN_INVALID_VOTES', settle(aggregator, taskId, 1, others));
        const none = settlement([1, 0, 0], [1, 0, 0]);
        await refused('E_CHAIN_INVALID_VOTES', aggregator.settle(taskId, 1, none));
        const rewarded = settlement([0, 1, 0], [0, 0, 0], { unavailable: [1], votes: [good, also] });
        await refused('E_CHAIN_INVALID_SETTLEMENT', settle(aggregator, taskId, 1, rewarded));
      });
    });

    describe('money', () => {
      it('is claimed once', async () => {
        const taskId = await running();
        await toSettle(taskId);
        await settle(await drawn(taskId), taskId, 1, settlement([0, 0, 0], [SHARE_ONE, 0, 0]));
        const trainer = trainers[0]!;
        const owed = await owner.claimable(world.token, trainer.account);
        const before = await owner.balance(world.token, trainer.account);
        expect((await trainer.claim(world.token)).amount).toBe(owed);
        expect((await owner.balance(world.token, trainer.account)) - before).toBe(owed);
        expect(await owner.claimable(world.token, trainer.account)).toBe(0n);
        await refused('E_CHAIN_NOTHING_TO_CLAIM', trainer.claim(world.token));
      });

      it('is not refunded, nor a stake withdrawn, before the task has ended', async () => {
        const taskId = await running();
        await refused('E_CHAIN_NOT_ENDED', owner.refund(taskId));
        await refused('E_CHAIN_NOT_ENDED', trainers[0]!.withdrawStake(taskId));
      });

      it('of an ended task goes back: the rest to the owner, each stake to its member, once', async () => {
        const taskId = await running();
        await runOut(taskId);
        const before = await owner.balance(world.token, owner.account);
        expect((await owner.refund(taskId)).amount).toBe(1_000_003n);
        expect((await owner.balance(world.token, owner.account)) - before).toBe(1_000_003n);
        expect((await owner.task(taskId)).remaining).toBe(0n);
        await refused('E_CHAIN_NOTHING_TO_CLAIM', owner.refund(taskId));
        const mine = await owner.balance(world.token, trainers[0]!.account);
        await trainers[0]!.withdrawStake(taskId);
        expect((await owner.balance(world.token, trainers[0]!.account)) - mine).toBe(50n);
        await refused('E_CHAIN_ALREADY_DONE', trainers[0]!.withdrawStake(taskId));
        await refused('E_CHAIN_NOT_A_MEMBER', owner.withdrawStake(taskId));
      });

      it('escrowed = paid + fees + remaining, to the last unit, whatever happens', async () => {
        const part = fc.integer({ min: 0, max: SHARE_ONE });
        const plan = fc.record({
          budget: fc.bigInt({ min: 1n, max: 10n ** 12n }),
          aggregatorFeeBps: fc.integer({ min: 0, max: 2500 }),
          validatorFeeBps: fc.integer({ min: 0, max: 2500 }),
          rounds: fc.array(
            fc.record({
              committed: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
              opened: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
              cuts: fc.tuple(part, part),
              settles: fc.boolean(),
            }),
            { minLength: 1, maxLength: 3 },
          ),
        });
        await fc.assert(
          fc.asyncProperty(plan, async ({ budget, aggregatorFeeBps, validatorFeeBps, rounds }) => {
            const held = () => owner.balance(world.token, owner.contract);
            const start = await held();
            const members = [...trainers, ...validators, ...aggregators];
            const payees = [...members.map((p) => p.account), world.treasury];
            const owedAll = async () => {
              const amounts = await Promise.all(payees.map((a) => owner.claimable(world.token, a)));
              return amounts.reduce((a, b) => a + b, 0n);
            };
            const owedBefore = await owedAll();
            const fees = { aggregatorFeeBps, validatorFeeBps };
            const taskId = await running({ budget, rounds: rounds.length, ...fees });
            let paid = 0n;
            let taken = 0n;
            for (const [index, { committed, opened, cuts, settles }] of rounds.entries()) {
              const round = index + 1;
              for (const i of trainers.keys()) if (committed[i]) await commit(i, taskId, round);
              for (const port of validators) await seal(port, taskId, round);
              const pass = async (phase: string): Promise<boolean> => {
                const state = await owner.round(taskId, round);
                if (state.phase !== phase) return state.phase !== 'void';
                await world.passTime(state.deadline - (await owner.now()) + 1);
                await owner.advance(taskId);
                return (await owner.round(taskId, round)).phase !== 'void';
              };
              if (!(await pass('commit'))) continue;
              for (const [i, port] of validators.entries())
                if (opened[i]) await openSeal(port, taskId, round);
              if (!(await pass('reference'))) continue;
              if (!settles) {
                await pass('settle');
                continue;
              }
              const [low, high] = cuts[0] < cuts[1] ? cuts : [cuts[1], cuts[0]];
              const shares = [low, high - low, SHARE_ONE - high].map((s, i) => (committed[i] ? s : 0));
              await settle(await drawn(taskId, round), taskId, round, settlement([0, 0, 0], shares));
              const settled = (await owner.settledRound(taskId, round))!;
              paid += settled.rewards.reduce((a, b) => a + b, 0n);
              taken += settled.protocolFee + settled.aggregatorFee + settled.validatorFee;
            }
            const task = await owner.task(taskId);
            expect(task.status).toBe('ended');
            expect(task.remaining + paid + taken).toBe(budget);
            expect((await owedAll()) - owedBefore).toBe(paid + taken);
            expect((await held()) - start).toBe(budget + 50n * BigInt(members.length));
            for (const port of members) await port.withdrawStake(taskId);
            if (task.remaining > 0n) await owner.refund(taskId);
            expect((await held()) - start).toBe(paid + taken);
          }),
          { numRuns: options.propertyRuns },
        );
      });
    });

    describe('events', () => {
      it('tell a task’s life in order, once, and stop with the signal', async () => {
        const abort = new AbortController();
        const heard: ChainEvent[] = [];
        const listening = (async () => {
          for await (const event of owner.events({ signal: abort.signal })) {
            heard.push(event);
            if (event.type === 'refunded') abort.abort();
          }
        })();
        // The position of the stream is fixed by then at the latest.
        await owner.now();
        const taskId = await running({ rounds: 1 });
        await toSettle(taskId);
        await settle(await drawn(taskId), taskId, 1, settlement([65536, 0, 0], [1, 0, 0]));
        await trainers[0]!.withdrawStake(taskId);
        await owner.refund(taskId);
        await listening;
        const mine = heard.filter((event) => event.taskId === taskId);
        expect(mine.map((event) => event.type)).toEqual([
          'task-created',
          ...new Array(7).fill('joined'),
          'phase-changed',
          ...new Array(3).fill('update-committed'),
          ...new Array(2).fill('reference-sealed'),
          'phase-changed',
          ...new Array(2).fill('reference-opened'),
          'phase-changed',
          'round-settled',
          'task-ended',
          'stake-withdrawn',
          'refunded',
        ]);
        const committed = mine.find((event) => event.type === 'update-committed');
        expect(committed).toMatchObject({ round: 1, trainer: trainers[0]!.account, commitment: vector(2n) });
        const blocks = mine.map((event) => event.position.block);
        expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
      });

      it('of the past are told again from a block on', async () => {
        const { block, taskId } = await owner.createTask(params());
        const abort = new AbortController();
        for await (const event of owner.events({ fromBlock: block, signal: abort.signal })) {
          expect(event).toMatchObject({ type: 'task-created', taskId, position: { block } });
          break;
        }
        abort.abort();
      });
    });
  });
}

/** The other signature of the same message: s' = order - s with the other parity, which EIP-2 rules out. */
function malleated(signature: Hex): Hex {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = order - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.slice(130) === '1b' ? '1c' : '1b';
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}` as Hex;
}
