import { type Contract, ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRevenueWorld, type RevenueWorld, SEVEN_DAYS, termsOf } from '../economy/revenue/world.ts';
import { as, events, expectRefusal, read, send } from './evm.ts';
import { expectGas } from './gas.ts';
import { CALLING_TOKEN, FEE_TOKEN, PICKY_TOKEN } from './odd-tokens.ts';

let world: RevenueWorld;
let tills: Contract;
let token: Contract;

beforeAll(async () => {
  world = await openRevenueWorld();
  ({ tills, token } = world);
  // Task 1 has two trainers that earned 2 : 1 and has ended; task 2 goes on.
  await send(world.tasks, 'earn', 1, world.accounts[4]!.address, 200n);
  await send(world.tasks, 'earn', 1, world.accounts[5]!.address, 100n);
  await send(world.tasks, 'end', 1);
  await send(world.tasks, 'earn', 2, world.accounts[4]!.address, 7n);
  await world.evm.save();
});
beforeEach(() => world.evm.restore());
afterAll(() => world?.evm.close());

const owed = (account: string, asset = token): Promise<bigint> => read(tills, 'owed', asset.target, account);
const collect = (agentId: number, asset = token) => send(tills, 'collect', agentId, asset.target);
const claim = (account: number, tasks: number[], asset = token) =>
  send(
    as(world.royalties, world.accounts[account]!),
    'claim',
    asset.target,
    tasks,
    world.accounts[account]!.address,
  );

describe('the till of an agent', () => {
  it('takes payments before there is code at it, and anyone collects them, less the fee, for the agent', async () => {
    await world.pay(1, 1000n);
    expect(await world.evm.provider.getCode(await read(tills, 'tillOf', 1))).toBe('0x');
    expect(await read(tills, 'collectable', 1, token.target)).toBe(1000n);
    const receipt = await send(as(tills, world.accounts[5]!), 'collect', 1, token.target);
    const creator = world.accounts[1]!.address;
    expect(events(receipt, tills, 'Collected')[0].toArray()).toEqual([
      1n,
      token.target,
      1000n,
      0n,
      10n,
      0n,
      0n,
      0n,
      creator,
      990n,
    ]);
    expect([await owed(creator), await owed(world.treasury)]).toEqual([990n, 10n]);
    const before = await world.balance(creator);
    await send(tills, 'withdraw', token.target, creator);
    expect((await world.balance(creator)) - before).toBe(990n);
    await expectRefusal('NothingToWithdraw', tills, 'withdraw', token.target, creator);
    await world.pay(1, 5n);
    await collect(1);
    expect(await owed(creator)).toBe(5n);
  });

  it('divides a payment by the terms, to the last unit', async () => {
    await world.setTerms(0, {
      models: [
        { id: 1n, bps: 3000 },
        { id: 2n, bps: 1000 },
      ],
      tools: [
        { id: 1n, bps: 1500 },
        { id: 3n, bps: 1 },
      ],
    });
    await world.pay(0, 99_999n);
    const receipt = await collect(0);
    // 1 % of 99,999 is 999; of the other 99,000 the parts are 29,700, 9,900, 14,850 and 9.
    expect(events(receipt, tills, 'Collected')[0].toArray().slice(2)).toEqual([
      99_999n,
      0n,
      999n,
      39_600n,
      0n,
      14_859n,
      world.accounts[0]!.address,
      44_541n,
    ]);
    expect(await world.balance(world.royalties.target as string)).toBe(39_600n);
    expect(await read(tills, 'collectable', 1, token.target)).toBe(14_850n);
    expect(await read(tills, 'collectable', 3, token.target)).toBe(9n);
    expect(await world.balance(tills.target as string)).toBe(99_999n - 39_600n);
  });

  it('passes a tool its part without a second fee, and a tool divides it by terms of its own', async () => {
    await world.setTerms(0, { tools: [{ id: 1n, bps: 5000 }] });
    await world.setTerms(1, { tools: [{ id: 0n, bps: 5000 }] });
    await world.pay(0, 10_000n);
    await collect(0);
    const second = events(await collect(1), tills, 'Collected')[0].toArray();
    expect(second.slice(2)).toEqual([0n, 4950n, 0n, 0n, 0n, 2475n, world.accounts[1]!.address, 2475n]);
    // Each of two agents that are tools of each other gets half of what the other gets, and no call goes round.
    const third = events(await collect(0), tills, 'Collected')[0].toArray();
    expect(third.slice(2, 4)).toEqual([0n, 2475n]);
    expect(await owed(world.treasury)).toBe(100n);
  });

  it('pays the account that the identity names when it is collected: its wallet, or its owner after it changed hands', async () => {
    await world.pay(2, 100n);
    await send(
      as(world.identities, world.accounts[2]!),
      'transferFrom',
      world.accounts[2]!.address,
      world.accounts[5]!.address,
      2,
    );
    await collect(2);
    expect(await owed(world.accounts[5]!.address)).toBe(99n);
    expect(await owed(world.accounts[2]!.address)).toBe(0n);
  });

  it('does nothing if it is empty, keeps the tokens of an identity that does not exist yet, and gives to its maker alone', async () => {
    await collect(1);
    expect(await owed(world.treasury)).toBe(0n);
    await world.pay(4, 100n);
    await expectRefusal('ERC721NonexistentToken', tills, 'collect', 4, token.target);
    await send(as(world.identities, world.accounts[4]!), 'register()');
    await collect(4);
    expect(await owed(world.accounts[4]!.address)).toBe(99n);
    const till = await world.evm.deploySource(
      'TillCaller',
      `// SPDX-License-Identifier: GPL-3.0-or-later
       pragma solidity ^0.8.28;
       import {AgentTill} from "contracts/agents/AgentTill.sol";
       import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
       contract TillCaller { function sweep(AgentTill till, IERC20 token) external { till.sweep(token); } }`,
    );
    await expectRefusal('OnlyTills', till, 'sweep', await read(tills, 'tillOf', 4), token.target);
  });
});

describe('terms', () => {
  const set = (terms: object, agentId = 0, account = 0) =>
    expectRefusal.bind(
      null,
      'InvalidTerms',
      as(tills, world.accounts[account]!),
      'setTerms',
      agentId,
      termsOf(terms),
    );

  it('that name too much, nothing, or anything twice are refused', async () => {
    const shares = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ id: BigInt(i + 1), bps: 1 }));
    await set({ holdersBps: 10_001 })();
    await set({ holdersBps: 5000, tools: [{ id: 1n, bps: 5001 }] })();
    await set({ models: [{ id: 1n, bps: 0 }] })();
    await set({
      models: [
        { id: 1n, bps: 1 },
        { id: 1n, bps: 1 },
      ],
    })();
    await set({
      models: [
        { id: 2n, bps: 1 },
        { id: 1n, bps: 1 },
      ],
    })();
    await set({ models: shares(5) })();
    await set({ tools: shares(9) })();
    await set({ tools: [{ id: 0n, bps: 1 }] })();
    await expectRefusal(
      'ERC721NonexistentToken',
      tills,
      'setTerms',
      0,
      termsOf({ tools: [{ id: 99n, bps: 1 }] }),
    );
    await expectRefusal('NothingEarned', tills, 'setTerms', 0, termsOf({ models: [{ id: 3n, bps: 1 }] }));
    await expectRefusal('NotAuthorized', as(tills, world.accounts[1]!), 'setTerms', 0, termsOf({}));
  });

  it('count at once if they are the first, and 7 days after a proposal if they are not', async () => {
    await world.setTerms(0, { models: [{ id: 1n, bps: 5000 }] });
    await world.setTerms(0, { models: [{ id: 1n, bps: 100 }] });
    const [, first] = await read(tills, 'proposedTerms', 0);
    expect(Number(first)).toBe((await world.evm.now()) + SEVEN_DAYS);
    await world.evm.passTime(SEVEN_DAYS - 100);
    await expectRefusal('TermsNotDue', tills, 'applyTerms', 0);
    // A new proposal replaces the last, and waits from the start.
    await world.setTerms(0, {});
    await world.evm.passTime(200);
    await expectRefusal('TermsNotDue', tills, 'applyTerms', 0);
    await world.pay(0, 10_000n);
    await collect(0);
    expect(await world.balance(world.royalties.target as string)).toBe(4950n);
    await world.evm.passTime(SEVEN_DAYS);
    await send(as(tills, world.accounts[5]!), 'applyTerms', 0);
    await expectRefusal('NothingProposed', tills, 'applyTerms', 0);
    expect((await read(tills, 'termsOf', 0)).models.toArray()).toEqual([]);
  });
});

describe('royalties of those who trained a model', () => {
  beforeEach(async () => {
    await world.setTerms(0, {
      models: [
        { id: 1n, bps: 2000 },
        { id: 2n, bps: 2000 },
      ],
    });
  });

  it('are paid by what each earned in the task, over all payments so far, once', async () => {
    await world.pay(0, 1000n);
    await collect(0);
    const account = world.accounts[4]!.address;
    const before = await world.balance(account);
    await claim(4, [1, 1]);
    expect((await world.balance(account)) - before).toBe(132n);
    await expectRefusal(
      'NothingToClaim',
      as(world.royalties, world.accounts[4]!),
      'claim',
      token.target,
      [1],
      account,
    );
    await world.pay(0, 1000n);
    await collect(0);
    expect(await read(world.royalties, 'claimable', token.target, account, [1, 1])).toBe(132n);
    await claim(4, [1]);
    await claim(5, [1]);
    // 2 x 198 in all, 2 : 1
    expect(await read(world.royalties, 'claimed', 1, token.target, account)).toBe(264n);
    expect(await read(world.royalties, 'claimed', 1, token.target, world.accounts[5]!.address)).toBe(132n);
  });

  it('of a task that goes on wait for its end, and are divided by what was earned by then', async () => {
    await world.pay(0, 1000n);
    await collect(0);
    const account = world.accounts[4]!.address;
    await expectRefusal(
      'NothingToClaim',
      as(world.royalties, world.accounts[4]!),
      'claim',
      token.target,
      [2],
      account,
    );
    await send(world.tasks, 'earn', 2, world.accounts[5]!.address, 21n);
    await send(world.tasks, 'end', 2);
    await claim(4, [2]);
    expect(await read(world.royalties, 'claimed', 2, token.target, account)).toBe(49n);
    expect(await read(world.royalties, 'claimable', token.target, world.accounts[5]!.address, [2])).toBe(
      148n,
    );
  });

  it('go to no other account, not to nowhere, and are not taken if no account could claim them', async () => {
    await world.pay(0, 1000n);
    await collect(0);
    await expectRefusal(
      'NothingToClaim',
      as(world.royalties, world.accounts[1]!),
      'claim',
      token.target,
      [1],
      world.accounts[1]!.address,
    );
    await expectRefusal(
      'InvalidReceiver',
      as(world.royalties, world.accounts[4]!),
      'claim',
      token.target,
      [1],
      ZeroAddress,
    );
    await expectRefusal('RoyaltiesNotOpen', world.royalties, 'deposit', 3, token.target, 1);
    await expectRefusal('NothingEarned', world.royalties, 'open', 3);
    await send(world.royalties, 'open', 1);
  });
});

it('tills, units and royalties cost the gas of the committed snapshot', async () => {
  const { units, royalties } = world;
  const gas: Record<string, bigint> = {};
  const measure = async (name: string, sent: Promise<{ gasUsed: bigint }>): Promise<void> => {
    gas[name] = (await sent).gasUsed;
  };
  const owner = world.accounts[0]!.address;
  const terms = termsOf({
    holdersBps: 1000,
    models: [{ id: 1n, bps: 2000 }],
    tools: [{ id: 1n, bps: 1000 }],
  });
  await measure('set the terms of a till', send(tills, 'setTerms', 0, terms));
  const launch = {
    ...{ token: token.target, base: 1000, slope: 10, cap: 500, holdersBps: 1000, creatorUnits: 10 },
    ...{ vestingSeconds: 0, description: 'units of an agent' },
  };
  await measure('launch units and buy 10', send(units, 'launch', 0, launch));
  await measure('buy units', send(as(units, world.accounts[1]!), 'buy', 0, 5, 10n ** 6n));
  await world.pay(0, 100_000n);
  await measure('collect a till for the first time', collect(0));
  await world.pay(0, 100_000n);
  await measure('collect a till again', collect(0));
  await measure('withdraw from the tills', send(tills, 'withdraw', token.target, owner));
  await measure('sell units', send(as(units, world.accounts[1]!), 'sell', 0, 2, 0));
  await measure('claim revenue of units', send(as(units, world.accounts[1]!), 'claim', [0], owner));
  const claimRoyalties = (i: number) => {
    const { address } = world.accounts[i]!;
    return send(as(royalties, world.accounts[i]!), 'claim', token.target, [1], address);
  };
  await measure('claim royalties, first of a task', claimRoyalties(4));
  await measure('claim royalties', claimRoyalties(5));
  expectGas(gas);
});

describe('a token that misbehaves', () => {
  const others = async () => {
    const creator = world.accounts[0]!.address;
    return [await owed(creator), await owed(world.treasury), await world.balance(tills.target as string)];
  };

  beforeEach(async () => {
    await world.setTerms(0, { models: [{ id: 1n, bps: 2000 }] });
    await world.pay(0, 1000n);
    await collect(0);
  });

  it('and keeps a part of each transfer is divided as it arrives', async () => {
    const before = await others();
    const fee = await world.evm.deploySource('FeeToken', FEE_TOKEN);
    await world.pay(0, 1001n, fee);
    await collect(0, fee);
    // 1000 came to the till, 999 here; less 9 of the fee, 198 went to the royalties, where 197 arrived.
    expect(await read(world.royalties, 'received', 1, fee.target)).toBe(197n);
    expect(await owed(world.accounts[0]!.address, fee)).toBe(792n);
    expect(await world.balance(tills.target as string, fee)).toBe(801n);
    await claim(4, [1], fee);
    expect(await others()).toEqual(before);
  });

  it('and refuses a receiver does not stop the others from being paid', async () => {
    const picky = await world.evm.deploySource('PickyToken', PICKY_TOKEN);
    const burn = '0x000000000000000000000000000000000000dEaD';
    await send(world.params, 'setTreasury', burn);
    await world.pay(0, 1000n, picky);
    await collect(0, picky);
    await claim(4, [1], picky);
    await send(tills, 'withdraw', picky.target, world.accounts[0]!.address);
    expect(await world.balance(world.accounts[4]!.address, picky)).toBe(132n);
    expect(await owed(burn, picky)).toBe(10n);
  });

  it('and calls back during a transfer is refused, and nothing is divided twice', async () => {
    const before = await others();
    const calling = await world.evm.deploySource('CallingToken', CALLING_TOKEN);
    for (const name of ['collect', 'withdraw']) {
      await world.pay(0, 1000n, calling);
      const again = tills.interface.encodeFunctionData(
        name,
        name === 'collect' ? [0, calling.target] : [calling.target, world.accounts[0]!.address],
      );
      await send(calling, 'aim', tills.target, again);
      await collect(0, calling);
      expect([await read(calling, 'called'), await read(calling, 'succeeded')]).toEqual([true, false]);
    }
    expect(await owed(world.accounts[0]!.address, calling)).toBe(2n * 792n);
    expect(await others()).toEqual(before);
  });
});
