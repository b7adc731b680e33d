import { chorusToken } from '@chorus/contracts';
import { type Contract, Signature, type TransactionReceipt, ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, expectRefusal, read, send } from './evm.ts';
import {
  bits,
  NO_POINT,
  openTaskWorld,
  type Player,
  SHARE_ONE,
  STATUS,
  type TaskWorld,
  TREASURY,
} from './tasks/harness.ts';

const NEVER = 2n ** 40n;

describe('what members take out', () => {
  let world: TaskWorld;
  let trainer: Player;
  beforeAll(async () => {
    world = await openTaskWorld();
    trainer = world.trainers[0]!;
  });
  beforeEach(() => world.restore());
  afterAll(() => world?.close());

  const refused = (error: string, player: Player, name: string, ...args: unknown[]) =>
    expectRefusal(error, world.by(player), name, ...args);
  const all = { weights: [65536], shares: [SHARE_ONE] };
  const rewardOf = (receipt: TransactionReceipt, i = 0): bigint =>
    world.events(receipt, 'RoundSettled')[0].rewards[i];
  /** A task of one round whose whole pool, 940,003, went to the first trainer. */
  const paid = async (changes = {}): Promise<bigint> => {
    const taskId = await world.start({ rounds: 1, ...changes });
    await world.play(taskId, 1, all);
    return taskId;
  };

  describe('claims', () => {
    it('claims pay rewards and fees of several tasks at once, each unit once', async () => {
      const tasks = [await paid(), await paid(), await paid()];
      const before = await world.balance(trainer.address);
      const receipt = await world.send(trainer, 'claim', world.token.target, tasks.slice(0, 2));
      expect(world.events(receipt, 'Claimed')[0].toArray()).toEqual([
        world.token.target,
        trainer.address,
        trainer.address,
        2n * 940_003n,
      ]);
      expect((await world.balance(trainer.address)) - before).toBe(2n * 940_003n);
      await refused('NothingToClaim', trainer, 'claim', world.token.target, tasks.slice(0, 2));
      await refused('NothingToClaim', trainer, 'claim', world.token.target, []);
      expect(await world.claimable(trainer, tasks)).toBe(940_003n);
      await world.send(trainer, 'claim', world.token.target, tasks);
      expect((await world.member(tasks[0]!, trainer)).claimed).toBe(940_003n);
      const validator = world.validators[0]!;
      // A validator's fees are credited to it, not to a task.
      expect(await world.claimable(validator)).toBe(3n * 6_666n);
      await world.send(validator, 'claim', world.token.target, []);
      await refused('NothingToClaim', validator, 'claim', world.token.target, tasks);
    });

    it('naming a task twice in a claim gains nothing, and shows as nothing', async () => {
      const taskId = await paid();
      expect(await world.claimable(trainer, [taskId, taskId, taskId])).toBe(940_003n);
      const before = await world.balance(trainer.address);
      await world.send(trainer, 'claim', world.token.target, [taskId, taskId, taskId]);
      expect((await world.balance(trainer.address)) - before).toBe(940_003n);
    });

    it('claims of a task in another token are refused for every account', async () => {
      const taskId = await paid();
      const worthless = await world.evm.deploy(chorusToken, world.stranger.address, 10n ** 24n);
      for (const name of ['claim', 'claimable'] as const) {
        const args = name === 'claim' ? [] : [trainer.address];
        const call = [worthless.target, ...args, [taskId]];
        await refused('ParameterOutOfBounds', trainer, name, ...call);
      }
      await refused('ParameterOutOfBounds', trainer, 'claimTo', worthless.target, [taskId], trainer.address);
    });

    it('claims by an account that is not a trainer of the task pay nothing of it', async () => {
      const taskId = await paid();
      for (const player of [world.stranger, world.owner, world.trainers[1]!]) {
        await refused('NothingToClaim', player, 'claim', world.token.target, [taskId]);
      }
      const receipt = await world.send(world.validators[0]!, 'claim', world.token.target, [taskId]);
      expect(world.events(receipt, 'Claimed')[0].amount).toBe(6_666n);
    });

    it('claims go to another address if the claimant says so, never to the zero address or the contract itself', async () => {
      const taskId = await paid();
      const to = world.evm.wallets[0]!.address;
      const before = await world.balance(to);
      for (const nowhere of [ZeroAddress, world.tasks.target]) {
        await refused('ParameterOutOfBounds', trainer, 'claimTo', world.token.target, [taskId], nowhere);
      }
      await world.send(trainer, 'claimTo', world.token.target, [taskId], to);
      expect((await world.balance(to)) - before).toBe(940_003n);
    });

    it('claims during a task pay the rewards earned so far, and the rest later', async () => {
      const taskId = await world.start({ rounds: 2 });
      const first = rewardOf(await world.play(taskId, 1, all));
      await world.send(trainer, 'claim', world.token.target, [taskId]);
      const second = rewardOf(await world.play(taskId, 2, all));
      expect(await world.claimable(trainer, [taskId])).toBe(second);
      const { earned, claimed } = await world.member(taskId, trainer);
      expect([earned, claimed]).toEqual([first + second, first]);
    });

    it('two trainers whose earnings share a slot are paid apart', async () => {
      const [a, b] = world.trainers as [Player, Player];
      const taskId = await world.start({ rounds: 1 });
      const half = SHARE_ONE / 2;
      await world.play(taskId, 1, { weights: [1, 1], shares: [half, half] });
      await world.send(b, 'claim', world.token.target, [taskId]);
      expect(await world.claimable(b, [taskId])).toBe(0n);
      expect(await world.claimable(a, [taskId])).toBe(470_001n);
      await world.send(a, 'claim', world.token.target, [taskId]);
    });
  });

  describe('signed claims', () => {
    const bySignature = (taskId: bigint, signature: string, changes: Record<string, unknown> = {}) => {
      const call = {
        account: trainer.address,
        token: world.token.target,
        taskIds: [taskId],
        to: world.stranger.address,
        deadline: NEVER,
        ...changes,
      };
      return [call.account, call.token, call.taskIds, call.to, call.deadline, signature];
    };

    it('signed claims are sent by anyone, once', async () => {
      const taskId = await paid();
      const signature = await world.signClaim(trainer, [taskId], world.stranger.address);
      const before = await world.balance(world.stranger.address);
      await world.send(world.owner, 'claimBySignature', ...bySignature(taskId, signature));
      expect((await world.balance(world.stranger.address)) - before).toBe(940_003n);
      expect(await read(world.tasks, 'nonces', trainer.address)).toBe(1n);
      await refused('InvalidSignature', world.owner, 'claimBySignature', ...bySignature(taskId, signature));
      const next = await paid();
      const again = await world.signClaim(trainer, [next], world.stranger.address);
      await world.send(world.owner, 'claimBySignature', ...bySignature(next, again));
    });

    it('signed claims are void with any part changed', async () => {
      const taskId = await paid();
      const other = await paid();
      const signature = await world.signClaim(trainer, [taskId], world.stranger.address);
      const attempt = (changes: Record<string, unknown>, signed = signature) =>
        refused('InvalidSignature', world.owner, 'claimBySignature', ...bySignature(taskId, signed, changes));
      await attempt({ to: world.owner.address });
      await attempt({ taskIds: [taskId, other] });
      await attempt({ taskIds: [other] });
      await attempt({ taskIds: [] });
      await attempt({ deadline: NEVER + 1n });
      await attempt({ account: world.trainers[1]!.address });
      await attempt({}, await world.signClaim(world.stranger, [taskId], world.stranger.address));
      await attempt({}, await world.signClaim(trainer, [taskId], world.stranger.address, { nonce: 1n }));
      const to = world.stranger.address;
      await attempt({}, await world.signClaim(trainer, [taskId], to, {}, { chainId: 1 }));
      await attempt({}, await world.signClaim(trainer, [taskId], to, {}, { verifyingContract: to }));
      const { r, s, v } = Signature.from(signature);
      const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const high = (n - BigInt(s)).toString(16).padStart(64, '0');
      await attempt({}, `${r}${high}${(v === 27 ? 28 : 27).toString(16)}`);
      await attempt({}, '0x');
    });

    it('signed claims expire after their deadline, not at it', async () => {
      const taskId = await paid();
      const deadline = (await world.evm.now()) + 500;
      const to = world.stranger.address;
      const signature = await world.signClaim(trainer, [taskId], to, { deadline });
      const call = bySignature(taskId, signature, { deadline });
      const { provider } = world.evm;
      const id = await provider.send('evm_snapshot', []);
      await provider.send('evm_setNextBlockTimestamp', [deadline + 1]);
      await provider.send('evm_mine', []);
      await refused('SignatureExpired', world.owner, 'claimBySignature', ...call);
      await provider.send('evm_revert', [id]);
      await provider.send('evm_setNextBlockTimestamp', [deadline]);
      await world.send(world.owner, 'claimBySignature', ...call);
    });

    it('signed claims that pay nothing use no nonce', async () => {
      const taskId = await world.start();
      const signature = await world.signClaim(trainer, [taskId], world.stranger.address);
      await refused('NothingToClaim', world.owner, 'claimBySignature', ...bySignature(taskId, signature));
      expect(await read(world.tasks, 'nonces', trainer.address)).toBe(0n);
    });

    it('signed claims of a contract are checked by the contract (ERC-1271)', async () => {
      const wallet = await world.evm.deploySource(
        'OwnedWallet',
        `// SPDX-License-Identifier: GPL-3.0-or-later
        pragma solidity ^0.8.28;
        import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
        contract OwnedWallet {
          address private immutable owner = msg.sender;
          function run(address target, bytes calldata data) external {
            require(msg.sender == owner);
            (bool ok,) = target.call(data);
            require(ok);
          }
          function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
            return this.onERC721Received.selector;
          }
          function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
            return ECDSA.recover(hash, signature) == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
          }
        }`,
      );
      const signer = world.evm.wallets[0]!;
      const account = wallet.target as string;
      const run = async (contract: Contract, name: string, args: unknown[]) =>
        send(wallet, 'run', contract.target, contract.interface.encodeFunctionData(name, args));
      await run(world.identities, 'register()', []);
      const agentId = BigInt(world.players.length);
      expect(await read(world.identities, 'ownerOf', agentId)).toBe(account);
      await send(as(world.stakes, trainer.signer), 'deposit', world.token.target, agentId, 10_000n);
      world.trainers.unshift({ ...trainer, address: account, agentId });
      try {
        const taskId = await world.create({ maxTrainers: 1, rounds: 1 });
        await run(world.tasks, 'join', [taskId, await world.agreement(taskId), agentId, 1, '0x01', []]);
        for (const p of world.validators) await world.join(taskId, p, 2);
        for (const p of world.aggregators) await world.join(taskId, p, 4);
        await run(world.tasks, 'commitUpdate', [taskId, 1, world.update(0), `0x${'01'.repeat(32)}`]);
        await world.toSettle(taskId, 1, { trainers: [] });
        await world.settle(taskId, 1, all);
        const to = world.stranger.address;
        const wrong = await world.signClaim(
          { address: account, wallet: world.stranger.wallet },
          [taskId],
          to,
        );
        await refused(
          'InvalidSignature',
          world.owner,
          'claimBySignature',
          ...bySignature(taskId, wrong, { account }),
        );
        const right = await world.signClaim({ address: account, wallet: signer }, [taskId], to);
        const before = await world.balance(to);
        await world.send(world.owner, 'claimBySignature', ...bySignature(taskId, right, { account }));
        expect((await world.balance(to)) - before).toBe(940_003n);
      } finally {
        world.trainers.shift();
      }
    });
  });

  describe('vesting', () => {
    /** What is not released after round `current`, of rewards by round: the contract's rule, said again. */
    const heldBack = (rewards: Map<number, bigint>, current: number, span: number): bigint => {
      let sum = 0n;
      for (const [round, reward] of rewards) {
        const age = current - round;
        if (age < span) sum += (reward * BigInt(span - age)) / BigInt(span);
      }
      return sum;
    };

    it('vesting releases a round’s reward in equal parts over the following rounds, exact to the unit', async () => {
      for (const span of [1, 3, 4]) {
        await world.restore();
        const taskId = await world.start({ rounds: 9, vestingRounds: span, budget: 9_000_019n });
        const rewards = [new Map<number, bigint>(), new Map<number, bigint>()];
        const claimed = [0n, 0n];
        for (let round = 1; round <= 9; round++) {
          if (round === 4) {
            // A void round counts as one that followed.
            await world.expire(taskId);
          } else {
            const shares = [SHARE_ONE / 2 + round * 1_000_003, round % 2 === 0 ? 0 : SHARE_ONE / 8 + 1];
            const receipt = await world.play(taskId, round, { weights: [1, 1], shares });
            for (const i of [0, 1]) rewards[i]!.set(round, rewardOf(receipt, i));
          }
          for (const i of [0, 1]) {
            const player = world.trainers[i]!;
            const earned = [...rewards[i]!.values()].reduce((a, b) => a + b, 0n);
            const held = round === 9 ? 0n : heldBack(rewards[i]!, round, span);
            const member = await world.member(taskId, player);
            expect(member.earned).toBe(earned);
            expect(member.vesting).toBe(held);
            expect(await world.claimable(player, [taskId])).toBe(earned - held - claimed[i]!);
            // One claims whenever it can, the other waits for the end: both get the same.
            if (i === 1 || earned - held === claimed[i]) continue;
            await world.send(player, 'claim', world.token.target, [taskId]);
            claimed[i] = earned - held;
          }
        }
        expect((await world.task(taskId)).status).toBe(STATUS.ended);
        await world.send(world.trainers[1]!, 'claim', world.token.target, [taskId]);
        for (const i of [0, 1]) {
          const member = await world.member(taskId, world.trainers[i]!);
          expect(member.claimed).toBe(member.earned);
        }
      }
    });

    it('over sixteen rounds uses every record that is kept and no older one', async () => {
      const taskId = await world.start({ rounds: 20, vestingRounds: 16, budget: 20_000_000n });
      const rewards = new Map<number, bigint>();
      for (let round = 1; round <= 19; round++) {
        rewards.set(round, rewardOf(await world.play(taskId, round, all)));
        expect((await world.member(taskId, trainer)).vesting).toBe(heldBack(rewards, round, 16));
      }
      // The last round ends the task, settled or not: nothing is held back any more.
      await world.expire(taskId);
      expect((await world.task(taskId)).status).toBe(STATUS.ended);
      const member = await world.member(taskId, trainer);
      expect(member.vesting).toBe(0n);
      expect(await world.claimable(trainer, [taskId])).toBe(member.earned);
    });

    it('vesting never takes back released rewards, for any order of claims', async () => {
      const taskId = await world.start({ rounds: 6, vestingRounds: 2, budget: 600n });
      let released = 0n;
      for (let round = 1; round <= 6; round++) {
        if (round % 3 === 0) await world.expire(taskId);
        else await world.play(taskId, round, all);
        const { earned, vesting }: Record<'earned' | 'vesting', bigint> = await world.member(taskId, trainer);
        expect(earned - vesting).toBeGreaterThanOrEqual(released);
        released = earned - vesting;
      }
    });
  });

  describe('fees and refunds', () => {
    it('the protocol’s fee goes to the treasury of the day, once, sent by anyone', async () => {
      const taskId = await paid();
      const receipt = await world.send(world.stranger, 'collectFees', taskId);
      expect(world.events(receipt, 'FeesCollected')[0].toArray()).toEqual([taskId, TREASURY, 10_000n]);
      expect(await world.balance(TREASURY)).toBe(10_000n);
      await refused('NothingToClaim', world.stranger, 'collectFees', taskId);
      const other = await paid();
      await send(world.parameters, 'setTreasury', world.stranger.address);
      const before = await world.balance(world.stranger.address);
      await world.send(world.owner, 'collectFees', other);
      expect((await world.balance(world.stranger.address)) - before).toBe(10_000n);
    });

    it('an owner gets back what was not earned and nothing more, however it is sent for', async () => {
      const taskId = await world.start({ rounds: 2 });
      await world.play(taskId, 1, { weights: [1], shares: [SHARE_ONE / 2] });
      await refused('TaskNotEnded', world.owner, 'refund', taskId);
      await world.play(taskId, 2, { weights: [1], shares: [SHARE_ONE / 2] });
      const { remaining } = await world.task(taskId);
      const before = await world.balance(world.owner.address);
      const receipt = await world.send(world.stranger, 'refund', taskId);
      expect(world.events(receipt, 'Refunded')[0].toArray()).toEqual([
        taskId,
        world.owner.address,
        remaining,
      ]);
      expect((await world.balance(world.owner.address)) - before).toBe(remaining);
      await refused('NothingToClaim', world.owner, 'refund', taskId);
      // All other accounts are still owed their earnings.
      await world.send(trainer, 'claim', world.token.target, [taskId]);
      await world.send(world.stranger, 'collectFees', taskId);
    });

    it('nothing is left once every account has claimed', async () => {
      const taskId = await world.start({ rounds: 4, vestingRounds: 3, stagnationBps: 5000 });
      await world.play(taskId, 1, { weights: [1, 1, 1], shares: [1, 2, 1_431_655_765] });
      await world.toSettle(taskId, 2, { trainers: [0, 1], sealing: [0, 1] });
      const losses: [bigint, bigint] = [5n, 5n];
      await world.settle(taskId, 2, { unavailable: bits(0), rejected: bits(1), losses });
      await world.expire(taskId);
      await world.toSettle(taskId, 4);
      await world.passTo(Number((await world.round(taskId)).settleStart) + 200);
      await world.settle(taskId, 4, all, world.stranger);
      await world.passTo((await world.evm.now()) + 4000);
      await world.send(world.stranger, 'resolveCase', taskId, 2, 0);
      for (const player of world.players) {
        const due = await world.claimable(player, [taskId]);
        if (due > 0n) await world.send(player, 'claim', world.token.target, [taskId]);
        if ((await world.member(taskId, player)).roles > 0n) {
          await world.send(world.stranger, 'releaseStake', taskId, player.address);
        }
      }
      await world.send(world.owner, 'refund', taskId);
      await world.send(world.owner, 'collectFees', taskId);
      expect(await world.balance(world.tasks.target as string)).toBe(0n);
      for (const player of world.players) {
        const pool = await read(world.stakes, 'pool', world.token.target, player.agentId);
        expect(pool.locked).toBe(0n);
      }
    });

    it('a task’s budget is never spent for another one in the same token', async () => {
      const [poor, rich] = [
        await world.start({ rounds: 1, budget: 100n }),
        await world.start({ budget: 10n ** 9n }),
      ];
      await world.play(poor, 1, all);
      await world.send(trainer, 'claim', world.token.target, [poor]);
      await world.send(world.owner, 'collectFees', poor);
      await world.send(world.owner, 'refund', poor);
      expect((await world.task(rich)).remaining).toBe(10n ** 9n);
    });
  });

  describe('a token that calls back', () => {
    it('a token that calls back cannot enter any function, and its calls fail', async () => {
      const token = await world.evm.deploySource(
        'CallingToken',
        `// SPDX-License-Identifier: GPL-3.0-or-later
        pragma solidity ^0.8.28;
        import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
        contract CallingToken is ERC20("Call", "CALL") {
          address private target;
          bytes[] private calls;
          bytes[] public answers;
          uint256 public entered;
          constructor(address to) { _mint(to, 1e24); }
          function arm(address target_, bytes[] calldata calls_) external {
            target = target_;
            delete calls;
            for (uint256 i = 0; i < calls_.length; i++) calls.push(calls_[i]);
            delete answers;
            entered = 0;
          }
          function answered() external view returns (bytes[] memory) { return answers; }
          function _update(address from, address to, uint256 value) internal override {
            super._update(from, to, value);
            for (uint256 i = 0; i < calls.length; i++) {
              (bool ok, bytes memory answer) = target.call(calls[i]);
              if (ok) entered++;
              answers.push(answer);
            }
          }
        }`,
        world.owner.address,
      );
      for (const p of world.players) {
        await send(as(token, world.owner.signer), 'transfer', p.address, 10n ** 20n);
        await send(as(token, p.signer), 'approve', world.tasks.target, 2n ** 255n);
        await send(as(token, p.signer), 'approve', world.stakes.target, 2n ** 255n);
        await send(as(world.stakes, p.signer), 'deposit', token.target, p.agentId, 10n ** 9n);
      }
      world.tokens = [world.token, token];
      const { tasks } = world;
      const point = world.update(0);
      const vote = { validator: trainer.address, lossBefore: 0, lossAfter: 0, signature: '0x' };
      const zero = `0x${'00'.repeat(32)}`;
      const doors = async (taskId: bigint): Promise<string[]> =>
        (
          [
            ['createTask', [world.terms()]],
            ['topUp', [taskId, 1]],
            ['cancel', [taskId]],
            ['join', [taskId, zero, 0, 1, '0x01', []]],
            ['commitUpdate', [taskId, 1, point, zero]],
            ['sealReference', [taskId, 1, zero]],
            ['openReference', [taskId, 1, point, zero, zero]],
            ['settle', [taskId, 1, await world.settlement(taskId, 1, { votes: [] })]],
            ['requestVerdicts', [taskId, 1]],
            ['postVerdict', [taskId, 1, 0, 0, NO_POINT, vote]],
            ['advance', [taskId]],
            ['publishPayload', [taskId, 1, '0x']],
            ['contest', [taskId, 1, 0, []]],
            ['resolveCase', [taskId, 1, 0]],
            ['claim', [token.target, [taskId]]],
            ['claimTo', [token.target, [taskId], trainer.address]],
            ['claimBySignature', [trainer.address, token.target, [taskId], trainer.address, NEVER, '0x']],
            ['collectFees', [taskId]],
            ['releaseStake', [taskId, trainer.address]],
            ['refund', [taskId]],
          ] as [string, unknown[]][]
        ).map(([name, args]) => tasks.interface.encodeFunctionData(name, args));
      const closed = async (): Promise<void> => {
        const answers: string[] = await read(token, 'answered');
        expect(answers.length).toBeGreaterThan(0);
        const selector = tasks.interface.getError('ReentrancyGuardReentrantCall')!.selector;
        for (const answer of answers) expect(answer).toBe(selector);
        expect(await read(token, 'entered')).toBe(0n);
      };
      await send(token, 'arm', tasks.target, await doors(1n));
      const taskId = await world.create({ token: token.target, rounds: 2 });
      await closed();
      const all = [...world.trainers, ...world.validators, ...world.aggregators];
      const roles = [1, 1, 1, 2, 2, 2, 4, 4];
      await send(token, 'arm', tasks.target, []);
      for (const [i, p] of all.entries()) await world.join(taskId, p, roles[i]!);
      const armed = async (step: () => Promise<unknown>): Promise<void> => {
        await send(token, 'arm', tasks.target, await doors(taskId));
        await step();
        await closed();
        await send(token, 'arm', tasks.target, []);
      };
      await armed(() => world.send(world.stranger, 'topUp', taskId, 5n));
      await armed(() => world.toReference(taskId, 1, { trainers: [0, 1] }));
      for (const i of [0, 1, 2]) await world.open(taskId, i);
      await armed(() => world.settle(taskId, 1, { weights: [1], shares: [SHARE_ONE], rejected: bits(1) }));
      await armed(() => world.send(trainer, 'claim', token.target, [taskId]));
      await armed(() => world.send(world.stranger, 'collectFees', taskId));
      await armed(() => world.expire(taskId));
      await armed(() => world.send(world.stranger, 'refund', taskId));
      expect((await world.task(taskId)).remaining).toBe(0n);
    });
  });
});
