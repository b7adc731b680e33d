import type { Address } from '@chorus/protocol';
import { type Contract, ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRevenueWorld, type RevenueWorld, SEVEN_DAYS, termsOf } from '../economy/revenue/world.ts';
import { as, events, expectRefusal, read, send } from './evm.ts';
import { CALLING_TOKEN, FEE_TOKEN } from './odd-tokens.ts';

const MANY = 10n ** 29n;
let world: RevenueWorld;
let units: Contract;
let tills: Contract;
let token: Contract;

beforeAll(async () => {
  world = await openRevenueWorld();
  ({ units, tills, token } = world);
  await world.evm.save();
});
beforeEach(() => world.evm.restore());
afterAll(() => world?.evm.close());

const buy = (account: number, amount: number, agentId = 0, most = MANY) =>
  send(as(units, world.accounts[account]!), 'buy', agentId, amount, most);
const sell = (account: number, amount: number, agentId = 0) =>
  send(as(units, world.accounts[account]!), 'sell', agentId, amount, 0);
const revenue = (account: number): Promise<bigint> =>
  read(units, 'revenueOf', 0, world.accounts[account]!.address);
const claim = (account: number) =>
  send(as(units, world.accounts[account]!), 'claim', [0], world.accounts[account]!.address);
/** Sum of the prices of units `from` to `from + amount - 1`, one by one. */
const prices = (from: number, amount: number, base = 1000, slope = 10) =>
  BigInt(Array.from({ length: amount }, (_, k) => base + slope * (from + k)).reduce((a, b) => a + b, 0));

describe('the price of units', () => {
  it('is that of each unit one by one, with the fee on top of a purchase and off a sale', async () => {
    await world.launch(0);
    expect((await read(units, 'quoteBuy', 0, 7)).toArray()).toEqual([prices(0, 7), prices(0, 7) / 100n]);
    const before = await world.balance(world.accounts[1]!.address);
    const receipt = await buy(1, 7);
    const paid = prices(0, 7) + prices(0, 7) / 100n;
    expect(events(receipt, units, 'Bought')[0].toArray()).toEqual([
      0n,
      world.accounts[1]!.address,
      7n,
      prices(0, 7),
      prices(0, 7) / 100n,
    ]);
    expect(before - (await world.balance(world.accounts[1]!.address))).toBe(paid);
    await buy(2, 5);
    expect(await read(units, 'reserve', 0)).toBe(prices(0, 12));
    await sell(1, 7);
    expect(await read(units, 'reserve', 0)).toBe(prices(0, 5));
    await sell(2, 5);
    // Everyone is out: what is left are fees.
    const fees = await read(units, 'fees', token.target);
    expect(fees).toBe(prices(0, 7) / 100n + prices(7, 5) / 100n + prices(5, 7) / 100n + prices(0, 5) / 100n);
    expect(await world.balance(units.target as string)).toBe(fees);
    await send(units, 'collectFees', token.target);
    expect(await world.balance(world.treasury)).toBe(fees);
    await expectRefusal('NothingToClaim', units, 'collectFees', token.target);
  });

  it('that has moved beyond what was agreed to is refused, and so is more than there is', async () => {
    await world.launch(0, { cap: 10n });
    const [cost, fee] = await read(units, 'quoteBuy', 0, 3);
    await buy(2, 1);
    await expectRefusal('PriceMoved', as(units, world.accounts[1]!), 'buy', 0, 3, cost + fee);
    await buy(1, 3);
    const [proceeds, off] = await read(units, 'quoteSell', 0, 3);
    await sell(2, 1);
    await expectRefusal('PriceMoved', as(units, world.accounts[1]!), 'sell', 0, 3, proceeds - off);
    await expectRefusal('AboveCap', as(units, world.accounts[1]!), 'buy', 0, 8, MANY);
    await expectRefusal('AboveCap', as(units, world.accounts[1]!), 'sell', 0, 4, 0);
    await expectRefusal('ERC1155InsufficientBalance', as(units, world.accounts[2]!), 'sell', 0, 1, 0);
    await expectRefusal('ZeroAmount', units, 'buy', 0, 0, MANY);
    await expectRefusal('NotLaunched', units, 'buy', 1, 1, MANY);
  });

  it('brings an account that buys and sells around a stranger’s purchase at most what the price moved, and costs two fees', async () => {
    await world.launch(0, { slope: 1n });
    const sandwich = async (between: () => Promise<unknown>) => {
      const before = await world.balance(world.accounts[1]!.address);
      await buy(1, 10);
      await between();
      await sell(1, 10);
      return (await world.balance(world.accounts[1]!.address)) - before;
    };
    const fees = (prices(0, 10, 1000, 1) / 100n) * 2n;
    expect(await sandwich(async () => undefined)).toBe(-fees);
    const won = await sandwich(() => buy(2, 5));
    expect(won).toBeLessThanOrEqual(10n * 5n * 1n - fees);
  });
});

describe('a launch', () => {
  it('is once, by the owner, within bounds', async () => {
    const refused = async (parameter: string, terms: object) => {
      const launch = world.launch(0, terms);
      await expect(launch, parameter).rejects.toMatchObject({ revert: { args: [parameter] } });
    };
    await refused('token', { token: world.accounts[0]!.address as Address });
    await refused('base', { base: 0n });
    await refused('cap', { cap: 0n });
    await refused('cap', { cap: 2n ** 24n + 1n });
    await refused('slope', { slope: 2n ** 96n - 1n, cap: 2n ** 24n });
    await refused('creatorUnits', { creatorUnits: 501n });
    await refused('vestingSeconds', { vestingSeconds: 4 * 31_536_000 + 1 });
    await refused('description', { description: '' });
    await refused('description', { description: 'x'.repeat(281) });
    await refused('holdersBps', { holdersBps: 1 });
    await expectRefusal('NotAuthorized', as(units, world.accounts[1]!), 'launch', 0, {
      token: token.target,
      base: 1,
      slope: 0,
      cap: 1,
      holdersBps: 0,
      creatorUnits: 0,
      vestingSeconds: 0,
      description: 'x',
    });
    await world.launch(0, { description: 'mine' });
    await expect(world.launch(0)).rejects.toThrow(/AlreadyLaunched/);
    const [terms, creator] = await read(units, 'launchOf', 0);
    expect([terms.description, creator]).toEqual(['mine', world.accounts[0]!.address]);
  });

  it('has its creator buy at the price of anyone, and free the units evenly', async () => {
    await world.launch(0, { creatorUnits: 100n, vestingSeconds: 1000 });
    expect(await read(units, 'reserve', 0)).toBe(prices(0, 100));
    await expectRefusal('UnitsVesting', units, 'sell', 0, 50, 0);
    await world.evm.passTime(500);
    await expectRefusal(
      'UnitsVesting',
      units,
      'safeTransferFrom',
      world.accounts[0]!.address,
      world.accounts[1]!.address,
      0,
      60,
      '0x',
    );
    await sell(0, 50);
    expect(await read(units, 'lockedUnits', 0)).toBeLessThanOrEqual(50n);
    await world.evm.passTime(500);
    await sell(0, 50);
    expect(await read(units, 'supply', 0)).toBe(0n);
  });

  it('makes a promise to the holders that no later terms break', async () => {
    await world.setTerms(0, { holdersBps: 3000 });
    await world.setTerms(0, { holdersBps: 100 });
    await world.launch(0, { holdersBps: 2500 });
    await world.evm.passTime(SEVEN_DAYS);
    await expectRefusal('BelowPromise', tills, 'applyTerms', 0);
    await expectRefusal('BelowPromise', tills, 'setTerms', 0, termsOf({ holdersBps: 2499 }));
    await world.setTerms(0, { holdersBps: 2500 });
    await world.evm.passTime(SEVEN_DAYS);
    await send(tills, 'applyTerms', 0);
  });
});

describe('revenue of units', () => {
  beforeEach(async () => {
    await world.setTerms(0, { holdersBps: 5000 });
    await world.launch(0, { holdersBps: 5000 });
  });

  it('is divided by the units held when it came, and follows no transfer', async () => {
    await buy(1, 3);
    await buy(2, 1);
    await world.pay(0, 1000n);
    await send(tills, 'collect', 0, token.target);
    // 990 after the fee, half of it
    expect([await revenue(1), await revenue(2)]).toEqual([371n, 123n]);
    await send(
      as(units, world.accounts[1]!),
      'safeTransferFrom',
      world.accounts[1]!.address,
      world.accounts[3]!.address,
      0,
      3,
      '0x',
    );
    await world.pay(0, 1000n);
    await send(tills, 'collect', 0, token.target);
    expect([await revenue(1), await revenue(2), await revenue(3)]).toEqual([371n, 247n, 371n]);
    const before = await world.balance(world.accounts[1]!.address);
    await claim(1);
    expect((await world.balance(world.accounts[1]!.address)) - before).toBe(371n);
    await expectRefusal(
      'NothingToClaim',
      as(units, world.accounts[1]!),
      'claim',
      [0],
      world.accounts[1]!.address,
    );
    await expectRefusal('InvalidReceiver', as(units, world.accounts[2]!), 'claim', [0], ZeroAddress);
    await claim(2);
    await claim(3);
    // Less than a unit for each division is left.
    const left =
      (await world.balance(units.target as string)) -
      (await read(units, 'reserve', 0)) -
      (await read(units, 'fees', token.target));
    expect(left).toBe(1n);
  });

  it('that waits in the till is not for who buys before it is collected, nor lost for who sells', async () => {
    await buy(1, 2);
    await world.pay(0, 1000n);
    await buy(2, 100);
    await sell(1, 2);
    expect([await revenue(1), await revenue(2)]).toEqual([495n, 0n]);
  });

  it('is the agent’s while no unit is out, and from payments in another token', async () => {
    await world.pay(0, 1000n);
    await send(tills, 'collect', 0, token.target);
    expect(await read(tills, 'owed', token.target, world.accounts[0]!.address)).toBe(990n);
    await buy(1, 1);
    const fee = await world.evm.deploySource('FeeToken', FEE_TOKEN);
    await world.pay(0, 1001n, fee);
    await send(tills, 'collect', 0, fee.target);
    expect(await read(tills, 'owed', fee.target, world.accounts[0]!.address)).toBe(990n);
  });

  it('is distributed by the tills alone', async () => {
    await buy(1, 1);
    await expectRefusal('OnlyTills', units, 'distribute', 0, token.target, 1);
  });
});

describe('units in a token that misbehaves', () => {
  it('and keeps a part of each transfer are not sold', async () => {
    const fee = await world.evm.deploySource('FeeToken', FEE_TOKEN);
    await world.launch(0, { token: fee.target as Address });
    await send(fee, 'approve', units.target, MANY);
    await expectRefusal('InexactTransfer', units, 'buy', 0, 1, MANY);
  });

  it('and calls back in a purchase are bought once, and no other reserve pays', async () => {
    const calling = await world.evm.deploySource('CallingToken', CALLING_TOKEN);
    await world.launch(1);
    await buy(2, 5, 1);
    await world.launch(0, { token: calling.target as Address });
    await send(calling, 'approve', units.target, MANY);
    for (const [name, args] of [
      ['buy', [0, 1, MANY]],
      ['sell', [0, 1, 0]],
      ['claim', [[0], world.accounts[0]!.address]],
    ] as const) {
      await send(calling, 'aim', units.target, units.interface.encodeFunctionData(name, args));
      await buy(0, 2);
      expect([name, await read(calling, 'called'), await read(calling, 'succeeded')]).toEqual([
        name,
        true,
        false,
      ]);
    }
    expect(await read(units, 'supply', 0)).toBe(6n);
    expect(await world.balance(units.target as string)).toBe(
      (await read(units, 'reserve', 1)) + (await read(units, 'fees', token.target)),
    );
  });

  it('a receiver that refuses units cannot buy any, and one that calls back during it cannot buy more', async () => {
    const receiver = await world.evm.deploySource(
      'GreedyReceiver',
      `// SPDX-License-Identifier: GPL-3.0-or-later
       pragma solidity ^0.8.28;
       import {IAgentUnits} from "contracts/interfaces/IAgentUnits.sol";
       import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
       contract GreedyReceiver {
           bool public accepts; bool public again;
           function accept() external { accepts = true; }
           function buy(IAgentUnits units, IERC20 token, uint256 most) external {
               token.approve(address(units), most);
               units.buy(0, 1, most);
           }
           function onERC1155Received(address, address, uint256, uint256, bytes calldata) external returns (bytes4) {
               (again,) = msg.sender.call(abi.encodeCall(IAgentUnits.sell, (0, 1, 0)));
               return accepts ? this.onERC1155Received.selector : bytes4(0);
           }
       }`,
    );
    await world.launch(0);
    await send(token, 'transfer', receiver.target, 100_000n);
    await expectRefusal('ERC1155InvalidReceiver', receiver, 'buy', units.target, token.target, 100_000n);
    await send(receiver, 'accept');
    await send(receiver, 'buy', units.target, token.target, 100_000n);
    expect(await read(receiver, 'again')).toBe(false);
    expect(await read(units, 'balanceOf', receiver.target, 0)).toBe(1n);
  });
});
