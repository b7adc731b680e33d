import { G1_INFINITY, type Hex, type TaskParams } from '@chorus/protocol';
import { AbiCoder, concat, keccak256 } from 'ethers';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused, STAKE } from './fixture.ts';

/** Creating, filling and joining tasks. */
export function describeTasks(get: () => Fixture): void {
  describe('tasks', () => {
    it('creating a task escrows exactly its budget and shows its parameters', async () => {
      const f = get();
      const before = await f.balance(f.owner.account);
      const taskId = await f.create();
      const task = await f.owner.task(taskId);
      expect(task).toMatchObject({ ...f.params(), id: taskId, owner: f.owner.account, status: 'joining' });
      expect(task).toMatchObject({ remaining: 1_000_003n, round: 0, protocolFees: 0n, openCases: 0 });
      expect(task.totalCommitment).toEqual(G1_INFINITY);
      expect(before - (await f.balance(f.owner.account))).toBe(1_000_003n);
    });

    it('a task fixes the governance values for its rounds at creation', async () => {
      const f = get();
      const task = await f.owner.task(await f.create());
      expect(task.verifier).toMatch(/^0x[0-9a-f]{40}$/);
      expect(task.protocolFeeBps).toBe(100);
      expect(task.contestSeconds).toBeGreaterThan(0);
      expect(task.slashing).toEqual({
        trainerAbsence: 100,
        validatorAbsence: 300,
        aggregatorAbsence: 300,
        unavailable: 2000,
        falseVerdict: 2000,
        rejectedReference: 2000,
        absenceCap: 1000,
        missedRounds: 3,
      });
    });

    it('a task that does not exist is unknown', async () => {
      const { owner } = get();
      await refused('E_CHAIN_UNKNOWN_TASK', owner.task(99_999n));
      await refused('E_CHAIN_UNKNOWN_TASK', owner.advance(99_999n));
      await refused('E_CHAIN_UNKNOWN_TASK', owner.topUp(99_999n, 1n));
    });

    it('task parameters out of bounds are refused', async () => {
      const f = get();
      const [first] = f.validators;
      const wrong: Partial<TaskParams>[] = [
        { budget: 0n },
        { rounds: 0 },
        { rounds: 4097 },
        { minTrainers: 0 },
        { minTrainers: 4 },
        { maxTrainers: 17 },
        { minAggregators: 0 },
        { minAggregators: 17 },
        { stake: 2n ** 96n },
        { minValidators: 0 },
        { minValidators: 3 },
        { aggregatorFeeBps: 5001 },
        { validatorFeeBps: 4900 },
        { joinSeconds: 4 },
        { commitSeconds: 4 },
        { referenceSeconds: 4 },
        { settleSeconds: 4 },
        { dimension: 0 },
        { dimension: 2 ** 22 + 1 },
        { rule: `0x${'11'.repeat(32)}` },
        { vestingRounds: 17 },
        { stagnationBps: 10_001 },
        { slashReporterBps: 1_001 },
        { slashBurnBps: 4_999 },
        { slashReporterBps: 1_000, slashBurnBps: 9_001 },
        { validators: [] },
        { validators: [first!.account, first!.account] },
        { validators: ['0x0000000000000000000000000000000000000000'] },
      ];
      for (const changes of wrong) {
        const error = await f.create(changes).catch((e: unknown) => e);
        expect(
          error,
          JSON.stringify(changes, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
        ).toMatchObject({
          code: 'E_CHAIN_INVALID_PARAMS',
        });
      }
    });

    it('a budget that the owner does not have is refused', async () => {
      await refused('E_CHAIN_STAKE_REQUIRED', get().world.poor.createTask(get().params()));
    });

    it('anyone adds to the escrow of a task until it has ended', async () => {
      const f = get();
      const taskId = await f.create();
      await f.trainers[0]!.topUp(taskId, 77n);
      expect((await f.owner.task(taskId)).remaining).toBe(1_000_080n);
      await refused('E_CHAIN_INVALID_PARAMS', f.owner.topUp(taskId, 0n));
      await f.owner.cancel(taskId);
      await refused('E_CHAIN_WRONG_PHASE', f.owner.topUp(taskId, 1n));
    });

    it('only the owner can cancel a task that has not started, and gets its budget back', async () => {
      const f = get();
      const taskId = await f.create();
      await f.join(f.trainers[0]!, taskId, ['trainer']);
      await refused('E_CHAIN_NOT_ALLOWED', f.trainers[0]!.cancel(taskId));
      await f.owner.cancel(taskId);
      expect((await f.owner.task(taskId)).status).toBe('ended');
      expect((await f.owner.refund(taskId)).amount).toBe(1_000_003n);
      await f.owner.releaseStake(taskId, f.trainers[0]!.account);
      const started = await f.running();
      await refused('E_CHAIN_WRONG_PHASE', f.owner.cancel(started));
    });
  });

  describe('joining', () => {
    it('joining locks the stake once for any number of roles, and records the member', async () => {
      const f = get();
      const port = f.validators[0]!;
      const { token } = f.world;
      const taskId = await f.create({ validators: [port.account] });
      const before = await port.stake(token, f.agentOf(port));
      await f.join(port, taskId, ['validator', 'aggregator'], 'peer-0');
      const after = await port.stake(token, f.agentOf(port));
      expect(after.locked - before.locked).toBe(STAKE);
      expect(before.free - after.free).toBe(STAKE);
      expect(await f.owner.members(taskId)).toEqual([
        {
          address: port.account,
          agentId: f.agentOf(port),
          roles: ['validator', 'aggregator'],
          peerId: 'peer-0',
        },
      ]);
      expect(await f.owner.memberAccount(taskId, port.account)).toEqual({
        roles: ['validator', 'aggregator'],
        agentId: f.agentOf(port),
        released: false,
        lastRound: null,
        absenceBps: 0,
        earned: 0n,
        claimed: 0n,
        vesting: 0n,
      });
      expect(await f.owner.memberAccount(taskId, f.owner.account)).toBeNull();
    });

    it('joining without the stake is refused', async () => {
      const f = get();
      await refused('E_CHAIN_STAKE_REQUIRED', f.join(f.world.poor, await f.create(), ['trainer']));
    });

    it('joining with another account’s identity, or none, is refused', async () => {
      const f = get();
      const taskId = await f.create();
      const [one, other] = f.trainers as [Fixture['owner'], Fixture['owner']];
      const { agreement } = await f.owner.task(taskId);
      const request = { agreement, roles: ['trainer' as const], peerId: 'p' };
      await refused('E_CHAIN_NOT_ALLOWED', one.join(taskId, { ...request, agentId: f.agentOf(other) }));
      await refused('E_CHAIN_NOT_ALLOWED', one.join(taskId, { ...request, agentId: 10n ** 9n }));
    });

    it('joining another task than the checked one is refused', async () => {
      const f = get();
      const [looked, taskId] = [await f.create(), await f.create({ stake: STAKE - 1n })];
      const port = f.trainers[0]!;
      const { agreement } = await port.task(looked);
      expect((await port.task(taskId)).agreement).not.toBe(agreement);
      const request = { agreement, agentId: f.agentOf(port), roles: ['trainer' as const], peerId: 'p' };
      await refused('E_CHAIN_INVALID_PARAMS', port.join(taskId, request));
      await port.join(looked, request);
    });

    it('joining as trainer and validator at once is refused', async () => {
      const f = get();
      const taskId = await f.create();
      await refused('E_CHAIN_ROLE_REFUSED', f.join(f.validators[0]!, taskId, ['trainer', 'validator']));
    });

    it('joining as a validator without appointment is refused', async () => {
      const f = get();
      await refused('E_CHAIN_ROLE_REFUSED', f.join(f.trainers[0]!, await f.create(), ['validator']));
    });

    it('joining twice, without a role, or without a peer id is refused', async () => {
      const f = get();
      const taskId = await f.create();
      const port = f.trainers[0]!;
      await refused('E_CHAIN_ROLE_REFUSED', f.join(port, taskId, []));
      await refused('E_CHAIN_INVALID_PARAMS', f.join(port, taskId, ['trainer'], ''));
      await refused('E_CHAIN_INVALID_PARAMS', f.join(port, taskId, ['trainer'], 'p'.repeat(129)));
      await f.join(port, taskId, ['trainer']);
      await refused('E_CHAIN_ALREADY_DONE', f.join(port, taskId, ['aggregator']));
    });

    it('a task that has all its trainers is refused', async () => {
      const f = get();
      const taskId = await f.create({ maxTrainers: 1 });
      await f.join(f.trainers[0]!, taskId, ['trainer']);
      await refused('E_CHAIN_TASK_FULL', f.join(f.trainers[1]!, taskId, ['trainer']));
    });

    it('a task with an allow list accepts accounts that prove to be on it', async () => {
      const f = get();
      const [allowed, neighbour, stranger] = f.trainers as [
        Fixture['owner'],
        Fixture['owner'],
        Fixture['owner'],
      ];
      const [leaf, other] = [leafOf(allowed.account), leafOf(neighbour.account)];
      const taskId = await f.create({ allowRoot: parentOf(leaf, other) });
      const { agreement } = await f.owner.task(taskId);
      const request = (port: Fixture['owner'], allowProof?: Hex[]) => ({
        agreement,
        agentId: f.agentOf(port),
        roles: ['trainer' as const],
        peerId: 'p',
        ...(allowProof ? { allowProof } : {}),
      });
      await refused('E_CHAIN_NOT_ALLOWED', allowed.join(taskId, request(allowed)));
      await refused('E_CHAIN_NOT_ALLOWED', stranger.join(taskId, request(stranger, [other])));
      await allowed.join(taskId, request(allowed, [other]));
      // Validators were chosen by name: the list is not about them.
      await f.join(f.validators[0]!, taskId, ['validator']);
    });

    it('a task that asks for reputation refuses an identity without', async () => {
      const f = get();
      const taskId = await f.create({ minReputation: 1_000 });
      await refused('E_CHAIN_NOT_ALLOWED', f.join(f.trainers[0]!, taskId, ['trainer']));
      await refused('E_CHAIN_NOT_ALLOWED', f.join(f.aggregators[0]!, taskId, ['aggregator']));
      await f.join(f.validators[0]!, taskId, ['validator']);
    });

    it('joining after the deadline or the start is refused', async () => {
      const f = get();
      const late = await f.create();
      await f.world.passTime(1001);
      await refused('E_CHAIN_DEADLINE_PASSED', f.join(f.trainers[0]!, late, ['trainer']));
      await refused('E_CHAIN_WRONG_PHASE', f.join(f.owner, await f.running(), ['aggregator']));
    });

    it('the join that completes the task starts round 1', async () => {
      const f = get();
      const task = await f.owner.task(await f.running());
      expect(task).toMatchObject({ status: 'running', round: 1 });
      expect(task.trainers).toEqual(f.trainers.map((t) => t.account));
      expect(task.activeValidators).toEqual(f.validators.map((v) => v.account));
      expect(task.aggregators).toEqual(f.aggregators.map((a) => a.account));
    });

    it('joining ends at the deadline: with enough members round 1 starts, else the task ends', async () => {
      const f = get();
      const enough = await f.create({ minTrainers: 2 });
      await f.joinAll(f.trainers.slice(0, 2), enough, 'trainer');
      await f.joinAll(f.validators.slice(1), enough, 'validator');
      await f.joinAll(f.aggregators, enough, 'aggregator');
      const few = await f.create({ minTrainers: 2 });
      await f.joinAll(f.trainers.slice(0, 1), few, 'trainer');
      await f.joinAll(f.validators, few, 'validator');
      await f.joinAll(f.aggregators, few, 'aggregator');
      const quorum = await f.create({ minValidators: 2 });
      await f.joinAll(f.trainers, quorum, 'trainer');
      await f.joinAll(f.validators.slice(1), quorum, 'validator');
      await f.joinAll(f.aggregators, quorum, 'aggregator');
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', f.owner.advance(enough));
      await f.world.passTime(1001);
      for (const taskId of [enough, few, quorum]) await f.owner.advance(taskId);
      expect(await f.owner.task(enough)).toMatchObject({ status: 'running', round: 1 });
      expect((await f.owner.task(enough)).activeValidators).toEqual([f.validators[1]!.account]);
      for (const taskId of [few, quorum]) {
        const task = await f.owner.task(taskId);
        expect(task).toMatchObject({ status: 'ended', round: 0, remaining: 1_000_003n });
      }
    });
  });
}

/** A leaf of OpenZeppelin's StandardMerkleTree of ["address"]. */
function leafOf(account: Hex): Hex {
  return keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(['address'], [account]))) as Hex;
}

/** Of two nodes the smaller comes first. */
function parentOf(a: Hex, b: Hex): Hex {
  return keccak256(concat(a < b ? [a, b] : [b, a])) as Hex;
}
