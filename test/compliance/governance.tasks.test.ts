import { chorusGovernor, chorusTimelock } from '@chorus/contracts';
import { type Contract, id, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, expectRefusal, read, send } from './evm.ts';
import { openTaskWorld, SHARE_ONE, STATUS, type TaskWorld } from './tasks/harness.ts';

const [VOTING_DELAY, VOTING_PERIOD, TIMELOCK_DELAY] = [2, 20, 30];

describe('governance and the money of tasks', () => {
  let world: TaskWorld;
  let governor: Contract;
  let timelock: Contract;

  beforeAll(async () => {
    world = await openTaskWorld({ trainers: 2, validators: 1, aggregators: 1 });
    const { evm, token, parameters } = world;
    timelock = await evm.deploy(chorusTimelock, TIMELOCK_DELAY, [], [ZeroAddress], world.governor.address);
    const timing = [VOTING_DELAY, VOTING_PERIOD, 1n, 20n];
    governor = await evm.deploy(chorusGovernor, token.target, timelock.target, ...timing);
    await send(timelock, 'grantRole', await read(timelock, 'PROPOSER_ROLE'), governor.target);
    await send(timelock, 'renounceRole', ZeroHash, world.governor.address);
    await send(parameters, 'transferOwnership', timelock.target);
    // All votes that there are.
    await send(token, 'delegate', world.governor.address);
    await evm.passTime(2);
    await world.save();
  });
  beforeEach(async () => {
    await world.restore();
    await world.evm.passTime(2);
  });
  afterAll(() => world?.close());

  type Action = [contract: Contract, name: string, ...args: unknown[]];

  /** Take a decision by all votes, wait for the timelock, and return what executes it. */
  const decide = async ([contract, name, ...args]: Action): Promise<unknown[]> => {
    const data = contract.interface.encodeFunctionData(name, args);
    const text = `${name} ${data}`;
    await send(governor, 'propose', [contract.target], [0], [data], text);
    const call = [[contract.target], [0], [data], id(text)];
    await world.evm.passTime(VOTING_DELAY + 1);
    await send(governor, 'castVote', await read(governor, 'hashProposal', ...call), 1);
    await world.evm.passTime(VOTING_PERIOD + 1);
    await send(governor, 'queue', ...call);
    await world.evm.passTime(TIMELOCK_DELAY + 1);
    return call;
  };
  const enact = async (action: Action) => send(governor, 'execute', ...(await decide(action)));
  const terms = { rounds: 2, joinSeconds: 100_000, commitSeconds: 100_000, referenceSeconds: 100_000 };

  it('no unanimous vote takes escrow, rewards, fees or stake of a running task', async () => {
    const taskId = await world.start(terms);
    await world.play(taskId, 1, { weights: [65536], shares: [SHARE_ONE] });
    const { tasks, stakes, token, parameters } = world;
    const member = world.trainers[0]!;
    const boss = world.governor.address;
    const split = { reporter: boss, reporterBps: 10_000, burnBps: 0, harmed: boss };
    const held = await Promise.all([tasks, stakes].map((c) => read(token, 'balanceOf', c.target)));
    const attempts: [string, Action][] = [
      ['NotOwner', [tasks, 'cancel', taskId]],
      ['TaskNotEnded', [tasks, 'refund', taskId]],
      ['NothingToClaim', [tasks, 'claim', token.target, [taskId]]],
      ['NothingToClaim', [tasks, 'claimTo', token.target, [taskId], boss]],
      [
        'InvalidSignature',
        [tasks, 'claimBySignature', member.address, token.target, [taskId], boss, 2n ** 40n, '0x'],
      ],
      ['TaskNotEnded', [tasks, 'releaseStake', taskId, member.address]],
      ['OnlyTaskManager', [stakes, 'slash', token.target, member.agentId, taskId, id('x'), 10_000, split]],
      ['OnlyTaskManager', [stakes, 'unlock', token.target, member.agentId, taskId]],
      ['ContractsExist', [parameters, 'setContracts', boss, boss]],
      ['ERC20InsufficientAllowance', [token, 'transferFrom', tasks.target, boss, 1]],
    ];
    for (const [error, action] of attempts) {
      const call = await decide(action);
      await expectRefusal(error, governor, 'execute', ...call);
    }
    expect(await Promise.all([tasks, stakes].map((c) => read(token, 'balanceOf', c.target)))).toEqual(held);
    expect((await world.task(taskId)).status).toBe(STATUS.running);
  });

  it('the task contract has no owner, no switch and no setter', () => {
    const names = world.tasks.interface.fragments.flatMap((f) =>
      f.type === 'function' ? [f.format().split('(')[0]!] : [],
    );
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((f) => /[oO]wner|[uU]pgrade|[pP]ause|[rR]escue|[sS]weep|^set[A-Z]/.test(f))).toEqual(
      [],
    );
  });

  it('a vote changes the fee and the penalties of tasks to come, not of those that exist', async () => {
    const taskId = await world.start(terms);
    await enact([world.parameters, 'setProtocolFee', 500]);
    await enact([world.parameters, 'setSlashing', [5000, 5000, 5000, 5000, 5000, 5000, 2000, 1]]);
    await enact([world.parameters, 'setWindows', 60, 120]);
    const running = await world.task(taskId);
    expect([running.protocolFeeBps, running.contestSeconds, running.slashing.trainerAbsence]).toEqual([
      100n,
      3600n,
      100n,
    ]);
    const receipt = await world.play(taskId, 1, { weights: [65536], shares: [SHARE_ONE] });
    // A hundredth of half the budget of 1,000,003.
    expect(world.events(receipt, 'RoundSettled')[0].protocolFee).toBe(5000n);
    const next = await world.task(await world.create());
    expect([next.protocolFeeBps, next.contestSeconds, next.slashing.trainerAbsence]).toEqual([
      500n,
      60n,
      5000n,
    ]);
  });

  it('protocol fees go to the treasury of the day, and nothing else does', async () => {
    const taskId = await world.start(terms);
    await world.play(taskId, 1, { weights: [65536], shares: [SHARE_ONE] });
    const treasury = '0x0000000000000000000000000000000000007ea5';
    await enact([world.parameters, 'setTreasury', treasury]);
    await world.send(world.stranger, 'collectFees', taskId);
    expect(await world.balance(treasury)).toBe(5000n);
    await expectRefusal('NothingToClaim', as(world.tasks, world.stranger.signer), 'collectFees', taskId);
  });
});
