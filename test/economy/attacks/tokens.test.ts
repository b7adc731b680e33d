import { id } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSources, type Deployed, errorName } from '../world/chain.ts';
import { LENS } from '../world/lens.ts';
import { Play } from '../world/play.ts';
import { point } from '../world/round.ts';
import { approve, startWorld, terms, type World } from '../world/world.ts';
import { HOSTILE } from './hostile.ts';

const LOCKED = 'ReentrancyGuardReentrantCall';
const MOST = 2n ** 127n - 1n;

describe('tokens and receivers that attack', () => {
  let world: World;
  let lens: Deployed;
  let calling: Deployed;
  let fee: Deployed;
  let rebasing: Deployed;
  let six: Deployed;
  let thief: Deployed;
  let thiefsAgent: bigint;

  beforeAll(async () => {
    world = await startWorld(8);
    const compiled = compileSources({ ...HOSTILE, Lens: LENS });
    const deploy = (name: string, args: unknown[] = []) => world.chain.deployContract(compiled[name]!, args);
    lens = await deploy('Lens');
    calling = await deploy('CallingToken', [10n ** 30n]);
    fee = await deploy('FeeToken', [10n ** 30n]);
    rebasing = await deploy('RebasingToken', [10n ** 30n]);
    six = await deploy('SixDecimals', [2n ** 200n]);
    thief = await deploy('Thief');
    const [first, ...others] = world.chain.accounts.slice(0, 8) as [string, ...string[]];
    for (const token of [calling, fee, rebasing, six]) {
      await approve(world, token, first);
      for (const other of others) {
        await token.send(first, 'transfer', other, 10n ** 24n);
        await approve(world, token, other);
      }
    }
    await asThief(world.identities, 'register()');
    thiefsAgent = 8n;
    expect(String(await world.identities.read('ownerOf', thiefsAgent)).toLowerCase()).toBe(thief.address);
    for (const on of [world.tasks, world.stakes]) await asThief(calling, 'approve', on.address, 2n ** 255n);
    await calling.send(first, 'transfer', thief.address, 10n ** 20n);
  });
  afterAll(() => world?.close());

  const asThief = (on: Deployed, name: string, ...args: unknown[]) =>
    thief.send(world.chain.accounts[0]!, 'run', on.address, on.abi.encodeFunctionData(name, args));
  const owner = (): string => world.chain.accounts[0]!;

  /** What a call from within a transfer came to. */
  async function within(by: Deployed): Promise<string> {
    expect(await by.read('called')).toBe(true);
    return (await by.read('succeeded')) ? 'let in' : errorName(await by.read('answer'));
  }

  /** Both contracts hold exactly what they owe, in every token but one that changes balances by itself. */
  async function solvent(): Promise<void> {
    const tokens = [world.token, calling, fee, six].map((t) => t.address);
    const accounts = [...world.chain.accounts, thief.address];
    const count = await world.tasks
      .read('createTask', terms(world, { budget: 1 }))
      .then((id: bigint) => id - 1n);
    const args = [world.tasks.address, world.stakes.address, tokens, accounts, count, 9];
    const [money] = await lens.read('money', ...args);
    for (const m of money) {
      expect(m.tasksHold).toBe(m.tasksOwe + m.feesOwed);
      expect(m.stakesHold).toBe(m.pools + m.reports);
    }
  }

  it('a token that calls back is let into no function of the task contract, whatever it moves', async () => {
    const { tasks, stakes } = world;
    const play = await Play.start(world, { token: calling, params: { rounds: 1 } });
    const other = await Play.create(world, { token: calling });
    const doors: [string, ...unknown[]][] = [
      ['createTask', play.params],
      ['topUp', other.id, 1],
      ['cancel', other.id],
      ['join', other.id, id('x'), 0, 1, '0x01', []],
      ['commitUpdate', play.id, 1, point(1), id('x')],
      ['sealReference', play.id, 1, id('x')],
      ['openReference', play.id, 1, point(1), id('x'), id('y')],
      ['settle', play.id, 1, await play.settlement({ votes: [] })],
      ['requestVerdicts', play.id, 1],
      [
        'postVerdict',
        play.id,
        1,
        0,
        0,
        { x: 0, y: 0 },
        { validator: owner(), lossBefore: 0, lossAfter: 0, signature: '0x' },
      ],
      ['advance', play.id],
      ['publishPayload', play.id, 1, '0x'],
      ['contest', play.id, 1, 0, []],
      ['resolveCase', play.id, 1, 0],
      ['claim', calling.address, [play.id]],
      ['claimTo', calling.address, [play.id], owner()],
      ['claimBySignature', owner(), calling.address, [play.id], owner(), 2n ** 40n, '0x'],
      ['collectFees', play.id],
      ['leaveTask', play.id],
      ['releaseStake', play.id, owner()],
      ['refund', play.id],
    ];
    const writes = tasks.abi.fragments.filter(
      (f) =>
        f.type === 'function' &&
        (f as unknown as { stateMutability: string }).stateMutability === 'nonpayable',
    );
    expect(new Set(doors.map(([name]) => name))).toEqual(
      new Set(writes.map((f) => (f as { name?: string }).name)),
    );
    for (const [name, ...args] of doors) {
      await calling.send(owner(), 'aim', tasks.address, tasks.abi.encodeFunctionData(name, args));
      await tasks.send(owner(), 'topUp', other.id, 1n);
      expect(await within(calling), name).toBe(LOCKED);
    }
    // The transfers of a slash happen inside both contracts.
    for (const [on, name, ...args] of [
      [tasks, 'topUp', other.id, 1],
      [stakes, 'deposit', calling.address, 0, 1],
      [stakes, 'withdraw', 1],
    ] as [Deployed, string, ...unknown[]][]) {
      const slashed = await Play.start(world, { token: calling, params: { rounds: 1 } });
      await calling.send(owner(), 'aim', on.address, on.abi.encodeFunctionData(name, args));
      await slashed.pass();
      expect(await within(calling), name).toBe(LOCKED);
    }
    await calling.send(owner(), 'aim', '0x0000000000000000000000000000000000000000', '0x');
    await solvent();
  });

  /** A settled task of one round with the thief as a trainer, and the shares of the stake behind it. */
  const earnAsThief = async (): Promise<{ play: Play; shares: bigint }> => {
    const { tasks, stakes } = world;
    const play = await Play.create(world, {
      token: calling,
      trainers: [2],
      params: { maxTrainers: 2, rounds: 1 },
    });
    const deposited = await asThief(stakes, 'deposit', calling.address, thiefsAgent, 1000n);
    const { shares } = stakes.events(deposited).find((e) => e.name === 'Deposited')!.args;
    for (const account of play.validators) await play.join(account, 2);
    for (const account of play.aggregators) await play.join(account, 4);
    await play.join(play.trainers[0]!, 1);
    await asThief(tasks, 'join', play.id, await play.agreement(), thiefsAgent, 1, '0x01', []);
    await asThief(tasks, 'commitUpdate', play.id, 1, point(3), id('payload'));
    await play.toSettle();
    await play.settle();
    return { play, shares };
  };

  it('a receiver that claims again while it is paid is paid once', async () => {
    const { tasks } = world;
    const { play } = await earnAsThief();
    const owed: bigint = await play.claimable(thief.address);
    expect(owed).toBeGreaterThan(0n);
    const again = tasks.abi.encodeFunctionData('claim', [calling.address, [play.id]]);
    await thief.send(owner(), 'aim', tasks.address, again);
    const before: bigint = await calling.read('balanceOf', thief.address);
    await asThief(tasks, 'claim', calling.address, [play.id, play.id]);
    expect(await within(thief)).toBe(LOCKED);
    expect((await calling.read('balanceOf', thief.address)) - before).toBe(owed);
    await solvent();
  });

  it('a receiver that refunds, withdraws or collects again while it is paid is paid once', async () => {
    const { tasks, stakes, chain } = world;
    const params = terms(world, { token: calling.address, budget: 777n });
    const created = await asThief(tasks, 'createTask', params);
    const task = tasks.events(created).find((e) => e.name === 'TaskCreated')!.args.taskId;
    await asThief(tasks, 'cancel', task);
    await thief.send(owner(), 'aim', tasks.address, tasks.abi.encodeFunctionData('refund', [task]));
    let before: bigint = await calling.read('balanceOf', thief.address);
    await asThief(tasks, 'refund', task);
    expect(await within(thief)).toBe(LOCKED);
    expect((await calling.read('balanceOf', thief.address)) - before).toBe(777n);

    const shares = await asThief(stakes, 'deposit', calling.address, thiefsAgent, 500n);
    const minted = stakes.events(shares).find((e) => e.name === 'Deposited')!.args.shares;
    const asked = await asThief(stakes, 'requestUnbond', calling.address, thiefsAgent, minted);
    const { ticketId, maturesAt } = stakes.events(asked).find((e) => e.name === 'UnbondRequested')!.args;
    await chain.jumpTo(Number(maturesAt));
    await thief.send(owner(), 'aim', stakes.address, stakes.abi.encodeFunctionData('withdraw', [ticketId]));
    before = await calling.read('balanceOf', thief.address);
    await asThief(stakes, 'withdraw', ticketId);
    expect(await within(thief)).toBe(LOCKED);
    expect((await calling.read('balanceOf', thief.address)) - before).toBe(500n);
    await solvent();
  });

  it('a receiver that is let into the other contract finds everything written down already', async () => {
    const { tasks, stakes, chain } = world;
    const { play, shares } = await earnAsThief();
    await tasks.send(owner(), 'releaseStake', play.id, thief.address);
    const asked = await asThief(stakes, 'requestUnbond', calling.address, thiefsAgent, shares);
    const { ticketId, maturesAt } = stakes.events(asked).find((e) => e.name === 'UnbondRequested')!.args;
    await chain.jumpTo(Number(maturesAt));
    await thief.send(
      owner(),
      'aim',
      tasks.address,
      tasks.abi.encodeFunctionData('claim', [calling.address, [play.id]]),
    );
    const owed = await play.claimable(thief.address);
    const before: bigint = await calling.read('balanceOf', thief.address);
    await asThief(stakes, 'withdraw', ticketId);
    expect(await within(thief)).toBe('let in');
    const gained = (await calling.read('balanceOf', thief.address)) - before;
    expect(gained).toBeLessThanOrEqual(owed + 1000n);
    expect(gained).toBeGreaterThanOrEqual(owed + 1000n - 2n);
    await solvent();
  });

  it('a token that takes a fee is refused for escrow, top-up and stake, and from whenever it begins to', async () => {
    const { tasks, stakes } = world;
    const play = await Play.create(world, { token: fee });
    await fee.send(owner(), 'keep', 1);
    expect(await tasks.refusal(owner(), 'createTask', play.params)).toBe('InexactTransfer');
    expect(await tasks.refusal(owner(), 'topUp', play.id, 100)).toBe('InexactTransfer');
    expect(await stakes.refusal(owner(), 'deposit', fee.address, 0, 100)).toBe('InexactTransfer');
    await fee.send(owner(), 'keep', 0);
    await solvent();
  });

  it('a token that changes balances in a transfer is refused, and one that does so later harms its own tasks alone', async () => {
    const { tasks, stakes } = world;
    await rebasing.send(owner(), 'setNervous', true);
    const params = terms(world, { token: rebasing.address });
    expect(await tasks.refusal(owner(), 'createTask', params)).toBe('InexactTransfer');
    expect(await stakes.refusal(owner(), 'deposit', rebasing.address, 0, 100)).toBe('InexactTransfer');
    await rebasing.send(owner(), 'setNervous', false);

    const [harmed, other] = [await Play.start(world, { token: rebasing }), await Play.start(world)];
    await rebasing.send(owner(), 'rebase');
    for (const play of [harmed, other]) {
      await play.playRound();
      await play.playRound();
    }
    // Half of the escrow is gone: first come, first served, in this token ...
    const [first, second] = harmed.trainers as [string, string];
    await tasks.send(first, 'claim', rebasing.address, [harmed.id]);
    expect(await tasks.refusal(second, 'claim', rebasing.address, [harmed.id])).toBe(
      'ERC20InsufficientBalance',
    );
    // ... and nothing of the other task's.
    for (const trainer of other.trainers) {
      await tasks.send(trainer, 'claim', other.token.address, [other.id]);
      expect(await other.claimable(trainer)).toBe(0n);
    }
    await solvent();
  });

  it('budgets of dust and of the largest size are divided to the unit, with 6 and with 18 decimals', async () => {
    for (const token of [six, world.token]) {
      for (const budget of [1n, 2n, 3n, 16n, 99n, 10_001n, 999_999n, ...(token === six ? [MOST] : [])]) {
        const play = await Play.start(world, {
          token,
          validators: [1, 5],
          trainers: [2, 3, 6],
          params: { budget, rounds: 1, stake: 0n, aggregatorFeeBps: 2500, validatorFeeBps: 2500 },
        });
        const receipt = await play.playRound();
        const settled = world.tasks.events(receipt).find((e) => e.name === 'RoundSettled')!.args;
        const rewards = settled.rewards.reduce((sum: bigint, r: bigint) => sum + r, 0n);
        const { remaining } = await play.task();
        const fees = settled.protocolFee + settled.aggregatorFee + settled.validatorFee;
        expect(rewards + fees + remaining).toBe(budget);
        expect(settled.protocolFee).toBe(budget / 100n);
        // No member is paid more than an exact third, or less by more than the two floors take.
        for (const reward of settled.rewards) {
          const third = settled.pool / 3n;
          expect(reward).toBeLessThanOrEqual(third);
          expect(reward).toBeGreaterThanOrEqual(third - settled.pool / 2n ** 32n - 1n);
        }
        if (remaining > 0n) await world.tasks.send(owner(), 'refund', play.id);
        expect((await play.task()).remaining).toBe(0n);
      }
    }
    await solvent();
  });

  it('stakes of dust are slashed by floors: an offence can be free, and never costs more than its part', async () => {
    for (const stake of [1n, 9n, 99n, 101n]) {
      const play = await Play.start(world, { params: { stake, rounds: 1 } });
      await play.pass();
      // If no validator seals, no trainer is to blame.
      expect(await play.lockOf(play.trainers[0]!)).toBe(stake);
      expect(await play.lockOf(play.validators[0]!)).toBe(stake - (stake * 3n) / 100n);
    }
    await solvent();
  });

  it('the first deposit of a pool cannot be made to swallow the next one', async () => {
    const { stakes, token, chain } = world;
    const [attacker, victim] = [chain.accounts[5]!, chain.accounts[6]!];
    await world.identities.send(attacker, 'register()');
    await stakes.send(attacker, 'deposit', token.address, 9, 1n);
    // Tokens sent to the contract are no one's stake: the price does not move.
    await token.send(attacker, 'transfer', stakes.address, 10n ** 20n);
    await stakes.send(victim, 'deposit', token.address, 9, 1000n);
    const shares: bigint = await stakes.read('sharesOf', token.address, 9, victim);
    const all: bigint = (await stakes.read('pool', token.address, 9)).shares;
    expect((shares * 1001n) / all).toBeGreaterThanOrEqual(999n);
  });
});
