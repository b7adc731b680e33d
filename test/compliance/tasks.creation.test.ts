import { AbiCoder, type Contract, keccak256, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, expectRefusal, read, refusal, send } from './evm.ts';
import {
  deployFeeToken,
  NO_POINT,
  openTaskWorld,
  ROLE,
  RULE,
  STATUS,
  type TaskWorld,
  type Terms,
} from './tasks/harness.ts';

const PEER = '0x70656572';

describe('creating and joining tasks', () => {
  let world: TaskWorld;
  beforeAll(async () => {
    world = await openTaskWorld();
  });
  beforeEach(() => world.restore());
  afterAll(() => world?.close());

  const refused = (error: string, changes: Terms) =>
    expectRefusal(error, world.by(world.owner), 'createTask', world.terms(changes));

  describe('creation', () => {
    it('creating a task escrows exactly the budget and shows the terms as given', async () => {
      const before = await world.balance(world.owner.address);
      const terms = world.terms({ minReputation: 3, vestingRounds: 4, stagnationBps: 5000 });
      const taskId = await world.create(terms);
      expect(taskId).toBe(1n);
      expect(before - (await world.balance(world.owner.address))).toBe(1_000_003n);
      const task = await world.task(taskId);
      for (const [name, value] of Object.entries(terms)) {
        const shown = task.params[name];
        expect(Array.isArray(value) ? [...shown] : String(shown), name).toEqual(
          Array.isArray(value) ? value : String(value),
        );
      }
      expect(task.owner).toBe(world.owner.address);
      expect(task.status).toBe(STATUS.joining);
      expect(task.remaining).toBe(1_000_003n);
      expect(task.round).toBe(0n);
      expect(task.verifier).toBe(world.verifier);
      expect(task.protocolFeeBps).toBe(100n);
      expect(task.contestSeconds).toBe(3600n);
      expect([...task.slashing]).toEqual([100n, 300n, 300n, 2000n, 2000n, 2000n, 1000n, 3n]);
      expect(task.joinDeadline).toBe(BigInt(await world.evm.now()) + 1000n);
      expect(task.createdBlock).toBe(BigInt(await world.evm.provider.getBlockNumber()));
      expect((await world.create()) - taskId).toBe(1n);
    });

    it('every task parameter out of its bounds is refused', async () => {
      const wrong: [string, Terms][] = [
        ['budget', { budget: 0 }],
        ['budget', { budget: 2n ** 127n }],
        ['rounds', { rounds: 0 }],
        ['rounds', { rounds: 4097 }],
        ['maxTrainers', { maxTrainers: 0 }],
        ['minTrainers', { minTrainers: 0 }],
        ['minTrainers', { minTrainers: 4 }],
        ['minAggregators', { minAggregators: 0 }],
        ['minAggregators', { minAggregators: 17 }],
        ['stake', { stake: 2n ** 96n }],
        ['minValidators', { minValidators: 0 }],
        ['minValidators', { minValidators: 4 }],
        ['aggregatorFeeBps', { aggregatorFeeBps: 5001 }],
        ['validatorFeeBps', { validatorFeeBps: 4701 }],
        ['joinSeconds', { joinSeconds: 4 }],
        ['joinSeconds', { joinSeconds: 2n ** 32n }],
        ['commitSeconds', { commitSeconds: 4 }],
        ['commitSeconds', { commitSeconds: 2n ** 32n }],
        ['referenceSeconds', { referenceSeconds: 4 }],
        ['referenceSeconds', { referenceSeconds: 2n ** 32n }],
        ['settleSeconds', { settleSeconds: 4 }],
        ['settleSeconds', { settleSeconds: 2n ** 32n }],
        ['dimension', { dimension: 0 }],
        ['dimension', { dimension: 2 ** 22 + 1 }],
        ['minReputation', { minReputation: 2n ** 40n }],
        ['vestingRounds', { vestingRounds: 17 }],
        ['stagnationBps', { stagnationBps: 10_001 }],
        ['slashReporterBps', { slashReporterBps: 1001 }],
        ['slashBurnBps', { slashBurnBps: 4999 }],
        ['slashBurnBps', { slashBurnBps: 9001 }],
        ['validators', { validators: [] }],
        [
          'validators',
          { validators: Array.from({ length: 16 }, (_, i) => `0x${String(i + 10).repeat(20)}`) },
        ],
        ['validators', { validators: [world.owner.address, world.owner.address] }],
        ['validators', { validators: [ZeroAddress] }],
      ];
      for (const [name, changes] of wrong) {
        const call = world.by(world.owner).getFunction('createTask').staticCall(world.terms(changes));
        const error = await call.then(
          () => null,
          (e: { revert?: { name: string; args: unknown[] } }) => e.revert,
        );
        expect(
          error?.name,
          JSON.stringify(changes, (_, v) => String(v)),
        ).toBe('ParameterOutOfBounds');
        expect(error!.args[0]).toBe(name);
      }
    });

    it('task parameters at their bounds are accepted', async () => {
      const fifteen = Array.from({ length: 15 }, (_, i) => `0x${String(i + 10).repeat(20)}`);
      for (const changes of [
        { rounds: 4096, dimension: 2 ** 22, maxTrainers: 16, minTrainers: 16, minAggregators: 16 },
        { aggregatorFeeBps: 5000, validatorFeeBps: 0, stake: 2n ** 96n - 1n, vestingRounds: 16 },
        { slashReporterBps: 1000, slashBurnBps: 5000, stagnationBps: 0, minReputation: 2n ** 40n - 1n },
        { slashReporterBps: 0, slashBurnBps: 10_000, budget: 1, stake: 0 },
        {
          validators: fifteen,
          minValidators: 15,
          joinSeconds: 2n ** 32n - 1n,
          settleSeconds: 2n ** 32n - 1n,
        },
      ]) {
        expect(await refusal(world.by(world.owner), 'createTask', world.terms(changes))).toBeNull();
      }
    });

    it('a rule without a verifier is refused, and so are more trainers than any verifier takes', async () => {
      await refused('NoVerifier', { rule: keccak256('0x01') });
      await refused('NoVerifier', { maxTrainers: 17 });
      await refused('NoVerifier', { maxTrainers: 64 });
    });

    it('less stake than governance asks for is refused', async () => {
      await send(world.parameters, 'setMinimumStake', world.token.target, 500n);
      await refused('ParameterOutOfBounds', { stake: 499n });
      await world.create({ stake: 500n });
    });

    it('a budget that the owner does not have or did not approve is refused', async () => {
      await refused('ERC20InsufficientBalance', { budget: 10n ** 21n });
      await send(as(world.token, world.owner.signer), 'approve', world.tasks.target, 5n);
      await refused('ERC20InsufficientAllowance', {});
    });

    it('a token that takes a fee on transfers is refused, for creation and for topping up', async () => {
      const token = await deployFeeToken(world);
      await send(token, 'setFee', 1);
      await expectRefusal(
        'InexactTransfer',
        world.by(world.owner),
        'createTask',
        world.terms({ token: token.target }),
      );
      await send(token, 'setFee', 0);
      const taskId = await world.create({ token: token.target });
      await send(token, 'setFee', 1);
      await expectRefusal('InexactTransfer', world.by(world.owner), 'topUp', taskId, 100n);
    });

    it('a task keeps what governance said when it was created', async () => {
      const taskId = await world.create();
      await send(world.parameters, 'setProtocolFee', 500);
      await send(world.parameters, 'setWindows', 7000, 8000);
      await send(world.parameters, 'setSlashing', [1, 2, 3, 4, 5, 6, 7, 8]);
      const old = await world.task(taskId);
      expect(old.protocolFeeBps).toBe(100n);
      expect(old.contestSeconds).toBe(3600n);
      expect([...old.slashing]).toEqual([100n, 300n, 300n, 2000n, 2000n, 2000n, 1000n, 3n]);
      const next = await world.task(await world.create());
      expect(next.protocolFeeBps).toBe(500n);
      expect(next.contestSeconds).toBe(7000n);
      expect([...next.slashing]).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    });

    it('contracts without code are refused when the task contract is deployed', async () => {
      const { deployTaskManager } = await import('./tasks/harness.ts');
      const nobody = { target: world.stranger.address } as Contract;
      const { parameters, stakes, identities } = world;
      for (const parts of [
        [nobody, stakes, identities],
        [parameters, nobody, identities],
        [parameters, stakes, nobody],
      ] as [Contract, Contract, Contract][]) {
        await expect(deployTaskManager(world.evm, ...parts)).rejects.toThrow();
      }
    });

    it('a task that does not exist is unknown to every function', async () => {
      const by = world.by(world.owner);
      const { token, owner } = world;
      const point = { x: 1n, y: 2n };
      const vote = { validator: owner.address, lossBefore: 0, lossAfter: 0, signature: '0x' };
      const calls: [string, ...unknown[]][] = [
        ['topUp', 9, 1],
        ['cancel', 9],
        ['join', 9, ZeroHash, 0, 1, PEER, []],
        ['commitUpdate', 9, 1, point, ZeroHash],
        ['sealReference', 9, 1, RULE],
        ['openReference', 9, 1, point, ZeroHash, ZeroHash],
        ['settle', 9, 1, await world.settlement(9n, 1, { votes: [] })],
        ['requestVerdicts', 9, 1],
        ['postVerdict', 9, 1, 0, 0, NO_POINT, vote],
        ['advance', 9],
        ['publishPayload', 9, 1, '0x'],
        ['contest', 9, 1, 0, []],
        ['resolveCase', 9, 1, 0],
        ['claim', token.target, [9]],
        ['claimTo', token.target, [9], owner.address],
        ['collectFees', 9],
        ['releaseStake', 9, owner.address],
        ['refund', 9],
        ['claimable', token.target, owner.address, [9]],
        ['getTask', 9],
        ['getRound', 9],
        ['getMember', 9, owner.address],
        ['getRecord', 9, 1],
        ['getCase', 9, 1, 0],
        ['endBlock', 9, 1],
      ];
      for (const [name, ...args] of calls) await expectRefusal('UnknownTask', by, name, ...args);
    });
  });

  describe('topping up and cancelling', () => {
    it('anyone tops up a task that has not ended, exactly', async () => {
      const taskId = await world.create();
      const receipt = await world.send(world.stranger, 'topUp', taskId, 777n);
      expect(world.events(receipt, 'ToppedUp')[0].toArray()).toEqual([taskId, world.stranger.address, 777n]);
      const task = await world.task(taskId);
      expect(task.remaining).toBe(1_000_780n);
      expect(task.params.budget).toBe(1_000_003n);
      await world.send(world.owner, 'cancel', taskId);
      await expectRefusal('WrongPhase', world.by(world.owner), 'topUp', taskId, 1n);
      await world.send(world.owner, 'refund', taskId);
      await expectRefusal('NothingToClaim', world.by(world.owner), 'refund', taskId);
    });

    it('topping up with zero, or more than a task can ever hold, is refused', async () => {
      const taskId = await world.create();
      await expectRefusal('ParameterOutOfBounds', world.by(world.owner), 'topUp', taskId, 0n);
      const room = 2n ** 127n - 1n - 1_000_003n;
      await expectRefusal('ParameterOutOfBounds', world.by(world.owner), 'topUp', taskId, room + 1n);
      // Within the bound it is the token that refuses.
      await expectRefusal('ERC20InsufficientBalance', world.by(world.owner), 'topUp', taskId, room);
    });

    it('only the owner can cancel a task, only before the start, and gets everything back', async () => {
      const taskId = await world.create();
      await world.join(taskId, world.trainers[0]!, ROLE.trainer);
      await expectRefusal('NotOwner', world.by(world.stranger), 'cancel', taskId);
      await expectRefusal('TaskNotEnded', world.by(world.owner), 'refund', taskId);
      const receipt = await world.send(world.owner, 'cancel', taskId);
      expect(world.events(receipt, 'Cancelled')).toHaveLength(1);
      expect(world.events(receipt, 'TaskEnded')).toHaveLength(1);
      expect((await world.task(taskId)).status).toBe(STATUS.ended);
      expect(await read(world.tasks, 'endBlock', taskId, 0)).toBe(BigInt(receipt.blockNumber));
      await expectRefusal('TaskNotJoining', world.by(world.owner), 'cancel', taskId);
      const before = await world.balance(world.owner.address);
      // By anyone: it goes to the owner.
      await world.send(world.stranger, 'refund', taskId);
      expect((await world.balance(world.owner.address)) - before).toBe(1_000_003n);
      await world.send(world.stranger, 'releaseStake', taskId, world.trainers[0]!.address);
      expect(await world.lockOf(taskId, world.trainers[0]!)).toBe(0n);
      const started = await world.start();
      await expectRefusal('TaskNotJoining', world.by(world.owner), 'cancel', started);
    });
  });

  describe('joining', () => {
    it('joining locks the stake of the identity, and records the member', async () => {
      const taskId = await world.create();
      const player = world.validators[1]!;
      const receipt = await world.join(taskId, player, ROLE.validator | ROLE.aggregator);
      expect(world.events(receipt, 'Joined')[0].toArray()).toEqual([
        taskId,
        player.address,
        player.agentId,
        6n,
        PEER,
      ]);
      expect(await world.lockOf(taskId, player)).toBe(10_000n);
      const member = await world.member(taskId, player);
      expect(member.toObject()).toEqual({
        roles: 6n,
        agentId: player.agentId,
        trainer: 0n,
        validator: 1n,
        aggregator: 0n,
        released: false,
        lastRound: 0n,
        absenceBps: 0n,
        earned: 0n,
        claimed: 0n,
        vesting: 0n,
      });
      const task = await world.task(taskId);
      expect([...task.activeValidators]).toEqual([player.address]);
      expect([...task.aggregators]).toEqual([player.address]);
      expect((await world.member(taskId, world.stranger)).roles).toBe(0n);
    });

    it('joining with wrong roles or peer ids, a second time, or in two exclusive roles is refused', async () => {
      const taskId = await world.create();
      const [player] = world.trainers as [(typeof world.trainers)[0]];
      const by = world.by(player);
      const agreed = await world.agreement(taskId);
      const join = (error: string, roles: number, peerId = PEER) =>
        expectRefusal(error, by, 'join', taskId, agreed, player.agentId, roles, peerId, []);
      await join('InvalidRoles', 0);
      await join('InvalidRoles', 8);
      await join('InvalidRoles', 9);
      await join('InvalidPeerId', ROLE.trainer, '0x');
      await join('InvalidPeerId', ROLE.trainer, `0x${'11'.repeat(129)}`);
      await join('TrainerCannotValidate', ROLE.trainer | ROLE.validator);
      await join('TrainerCannotValidate', ROLE.trainer | ROLE.validator | ROLE.aggregator);
      await join('ValidatorNotAppointed', ROLE.validator);
      await world.join(taskId, player, ROLE.trainer | ROLE.aggregator);
      await join('AlreadyJoined', ROLE.trainer);
      await join('AlreadyJoined', ROLE.aggregator);
    });

    it('joining with another account’s identity, or none, is refused', async () => {
      const taskId = await world.create();
      const agreed = await world.agreement(taskId);
      const by = world.by(world.trainers[0]!);
      for (const agentId of [
        world.stranger.agentId,
        10n ** 6n,
        2n ** 128n,
        2n ** 128n + world.trainers[0]!.agentId,
      ]) {
        await expectRefusal('NotIdentity', by, 'join', taskId, agreed, agentId, ROLE.trainer, PEER, []);
      }
    });

    it('joining as the wallet of an identity is possible, once for the identity', async () => {
      const [agent, player] = world.trainers as [(typeof world.trainers)[0], (typeof world.trainers)[0]];
      const deadline = (await world.evm.now()) + 200;
      const domain = {
        name: 'ERC8004IdentityRegistry',
        version: '1',
        chainId: 31337,
        verifyingContract: world.identities.target as string,
      };
      const types = {
        AgentWalletSet: [
          { name: 'agentId', type: 'uint256' },
          { name: 'newWallet', type: 'address' },
          { name: 'owner', type: 'address' },
          { name: 'deadline', type: 'uint256' },
        ],
      };
      const value = { agentId: agent.agentId, newWallet: player.address, owner: agent.address, deadline };
      const signature = await player.wallet.signTypedData(domain, types, value);
      await send(
        as(world.identities, agent.signer),
        'setAgentWallet',
        agent.agentId,
        player.address,
        deadline,
        signature,
      );
      const taskId = await world.create();
      const agreed = await world.agreement(taskId);
      await world.send(player, 'join', taskId, agreed, agent.agentId, ROLE.trainer, PEER, []);
      expect((await world.member(taskId, player)).agentId).toBe(agent.agentId);
      await expectRefusal(
        'IdentityAlreadyJoined',
        world.by(agent),
        'join',
        taskId,
        agreed,
        agent.agentId,
        ROLE.trainer,
        PEER,
        [],
      );
    });

    it('joining without free stake is refused, and one stake does not serve two tasks', async () => {
      const [player] = world.trainers as [(typeof world.trainers)[0]];
      const whole = 10n ** 9n;
      const first = await world.create({ stake: whole - 5n });
      const second = await world.create({ stake: 6n });
      await world.join(first, player, ROLE.trainer);
      const args = [second, await world.agreement(second), player.agentId, ROLE.trainer, PEER, []];
      await expectRefusal('StakeTooSmall', world.by(player), 'join', ...args);
      const free = await world.create({ stake: 5n });
      await world.join(free, player, ROLE.trainer);
      expect(await read(world.stakes, 'freeStake', world.token.target, player.agentId)).toBe(0n);
    });

    it('joining of a task without stake needs none', async () => {
      const taskId = await world.create({ stake: 0n });
      const [player] = world.trainers as [(typeof world.trainers)[0]];
      await world.join(taskId, player, ROLE.trainer);
      expect(await world.lockOf(taskId, player)).toBe(0n);
    });

    it('an allow list admits only its accounts, except for validators', async () => {
      const leaf = (address: string): string =>
        keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(['address'], [address])));
      const [first, second, third] = world.trainers as [Player, Player, Player];
      const leaves = [leaf(first.address), leaf(second.address)];
      const sorted = [...leaves].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
      const allowRoot = keccak256(`0x${sorted[0]!.slice(2)}${sorted[1]!.slice(2)}`);
      const taskId = await world.create({ allowRoot });
      const agreed = await world.agreement(taskId);
      const by = (player: Player, roles: number, proof: string[]) =>
        [world.by(player), 'join', taskId, agreed, player.agentId, roles, PEER, proof] as const;
      await expectRefusal('NotAllowed', ...by(first, ROLE.trainer, []));
      await expectRefusal('NotAllowed', ...by(first, ROLE.trainer, [leaves[0]!]));
      await expectRefusal('NotAllowed', ...by(third, ROLE.trainer, [leaves[1]!]));
      await expectRefusal('NotAllowed', ...by(third, ROLE.aggregator, [leaves[1]!]));
      await world.join(taskId, first, ROLE.trainer, [leaves[1]!]);
      await world.join(taskId, second, ROLE.aggregator, [leaves[0]!]);
      await world.join(taskId, world.validators[0]!, ROLE.validator);
      await expectRefusal('NotAllowed', ...by(world.validators[1]!, ROLE.validator | ROLE.aggregator, []));
    });

    it('minimum reputation admits only identities that have earned it, except for validators', async () => {
      const earned = await world.start({ rounds: 1 });
      await world.play(earned, 1, { weights: [65536], shares: [2 ** 32] });
      await send(world.attestor, 'attest', earned, 1);
      const taskId = await world.create({ minReputation: 1 });
      await world.join(taskId, world.trainers[0]!, ROLE.trainer);
      for (const role of [ROLE.trainer, ROLE.aggregator]) {
        const { agentId } = world.trainers[1]!;
        const by = world.by(world.trainers[1]!);
        const agreed = await world.agreement(taskId);
        await expectRefusal('ReputationTooLow', by, 'join', taskId, agreed, agentId, role, PEER, []);
      }
      await world.join(taskId, world.validators[0]!, ROLE.validator);
    });

    it('a task that is full takes no more trainers or aggregators', async () => {
      const taskId = await world.create({ maxTrainers: 1, minAggregators: 2 });
      await world.join(taskId, world.trainers[0]!, ROLE.trainer);
      const agreed = await world.agreement(taskId);
      const by = (player: Player, role: number) =>
        [world.by(player), 'join', taskId, agreed, player.agentId, role, PEER, []] as const;
      await expectRefusal('TaskFull', ...by(world.trainers[1]!, ROLE.trainer));
      await world.join(taskId, world.trainers[1]!, ROLE.aggregator);
    });

    it('the last one to join starts round 1', async () => {
      const taskId = await world.create();
      for (const player of world.trainers) await world.join(taskId, player, ROLE.trainer);
      for (const player of world.validators) await world.join(taskId, player, ROLE.validator);
      await world.join(taskId, world.aggregators[0]!, ROLE.aggregator);
      expect((await world.task(taskId)).status).toBe(STATUS.joining);
      expect((await world.round(taskId)).phase).toBe(0n);
      const receipt = await world.join(taskId, world.aggregators[1]!, ROLE.aggregator);
      const task = await world.task(taskId);
      expect(task.status).toBe(STATUS.running);
      expect(task.round).toBe(1n);
      expect([...task.trainers]).toEqual(world.trainers.map((p) => p.address));
      expect([...task.activeValidators]).toEqual(world.validators.map((p) => p.address));
      expect([...task.aggregators]).toEqual(world.aggregators.map((p) => p.address));
      expect(await read(world.tasks, 'endBlock', taskId, 0)).toBe(BigInt(receipt.blockNumber));
      expect(await read(world.tasks, 'endBlock', taskId, 1)).toBe(0n);
      const by = world.by(world.owner);
      const agreed = await world.agreement(taskId);
      await expectRefusal('TaskNotJoining', by, 'join', taskId, agreed, world.owner.agentId, 4, PEER, []);
    });

    it('joining ends at the deadline to the second: until then one may join, from then on advance', async () => {
      const taskId = await world.create({ minTrainers: 2, minAggregators: 1, minValidators: 2 });
      await world.join(taskId, world.trainers[0]!, ROLE.trainer);
      await world.join(taskId, world.validators[0]!, ROLE.validator);
      await world.join(taskId, world.validators[2]!, ROLE.validator);
      await world.join(taskId, world.aggregators[0]!, ROLE.aggregator);
      const deadline = Number((await world.task(taskId)).joinDeadline);
      const { provider } = world.evm;
      await expectRefusal('DeadlineNotPassed', world.by(world.stranger), 'advance', taskId);
      await provider.send('evm_setNextBlockTimestamp', [deadline - 1]);
      await world.join(taskId, world.trainers[2]!, ROLE.trainer);
      await provider.send('evm_setNextBlockTimestamp', [deadline]);
      await provider.send('evm_mine', []);
      const { agentId } = world.trainers[1]!;
      const by = world.by(world.trainers[1]!);
      const agreed = await world.agreement(taskId);
      await expectRefusal('DeadlinePassed', by, 'join', taskId, agreed, agentId, ROLE.trainer, PEER, []);
      await world.send(world.stranger, 'advance', taskId);
      const task = await world.task(taskId);
      expect(task.status).toBe(STATUS.running);
      expect([...task.activeValidators]).toEqual([
        world.validators[0]!.address,
        world.validators[2]!.address,
      ]);
    });

    it('a task that lacks trainers, validators or aggregators at the deadline ends and costs nothing', async () => {
      const lacking: [number, number, number][] = [
        [1, 2, 2],
        [2, 1, 2],
        [2, 2, 1],
      ];
      for (const [trainers, validators, aggregators] of lacking) {
        const taskId = await world.create({ minTrainers: 2, minAggregators: 2, minValidators: 2 });
        for (const p of world.trainers.slice(0, trainers)) await world.join(taskId, p, ROLE.trainer);
        for (const p of world.validators.slice(0, validators)) await world.join(taskId, p, ROLE.validator);
        for (const p of world.aggregators.slice(0, aggregators)) await world.join(taskId, p, ROLE.aggregator);
        const receipt = await world.expire(taskId);
        expect(world.slashes(receipt)).toEqual([]);
        const task = await world.task(taskId);
        expect(task.status).toBe(STATUS.ended);
        expect(task.round).toBe(0n);
        await expectRefusal('WrongPhase', world.by(world.stranger), 'advance', taskId);
        await world.send(world.stranger, 'refund', taskId);
        expect((await world.task(taskId)).remaining).toBe(0n);
        await world.send(world.stranger, 'releaseStake', taskId, world.trainers[0]!.address);
      }
    });
  });
});

type Player = TaskWorld['owner'];
