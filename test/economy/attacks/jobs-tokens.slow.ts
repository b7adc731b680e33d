import { ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, read, send } from '../../compliance/evm.ts';
import { CALLING_TOKEN, FEE_TOKEN, PICKY_TOKEN } from '../../compliance/odd-tokens.ts';
import { DECISION, type JobsWorld, openJobsWorld, SUPPLY, WINDOW } from '../jobs/world.ts';

/** Takes all gas of a transfer to one address. */
const HUNGRY_TOKEN = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract HungryToken is ERC20("Hungry", "HUN") {
    address public hungry;
    constructor() { _mint(msg.sender, 10 ** 30); }
    function feed(address account) external { hungry = account; }
    function _update(address from, address to, uint256 value) internal override {
        while (to == hungry && hungry != address(0)) {}
        super._update(from, to, value);
    }
}`;

let world: JobsWorld;
beforeAll(async () => {
  world = await openJobsWorld();
  await world.evm.save();
});
beforeEach(() => world.evm.restore());
afterAll(() => world?.evm.close());

const by = (account: number, contract = world.evaluator) => as(contract, world.accounts[account]!);
const status = async (jobId: number) => Number((await read(world.commerce, 'getJob', jobId)).status);
const [COMPLETED, REJECTED] = [3, 4];
/** A token of `source`, spread over both parties, who let the contracts spend it. */
const spread = async (name: string, source: string) => {
  const token = await world.evm.deploySource(name, source);
  await send(token, 'transfer', world.accounts[1]!.address, 10n ** 17n);
  for (const account of [0, 1]) {
    for (const { target } of [world.commerce, world.evaluator]) {
      await send(by(account, token), 'approve', target, SUPPLY);
    }
  }
  return token;
};

describe('jobs in a token that misbehaves', () => {
  it('are refused if it keeps a part of each transfer', async () => {
    const fee = await spread('FeeToken', FEE_TOKEN);
    await expect(world.fund(1000n, fee)).rejects.toThrow('InexactTransfer');
  });

  it('are paid once if it calls back, whatever it calls', async () => {
    const calling = await spread('CallingToken', CALLING_TOKEN);
    const jobId = await world.submit(1000n, calling);
    await world.evm.passTime(WINDOW);
    const again = world.evaluator.interface.encodeFunctionData('settle', [jobId]);
    await send(calling, 'aim', world.evaluator.target, again);
    await send(by(8), 'settle', jobId);
    expect([await read(calling, 'called'), await read(calling, 'succeeded')]).toEqual([true, false]);
    expect(await world.balance(world.commerce.target as string, calling)).toBe(10n);
    const other = await world.submit(1000n, calling);
    const refund = world.commerce.interface.encodeFunctionData('claimRefund', [other]);
    await world.evm.passTime(10 * DECISION);
    await send(calling, 'aim', world.commerce.target, refund);
    await send(by(8, world.commerce), 'claimRefund', other);
    expect([await read(calling, 'called'), await read(calling, 'succeeded')]).toEqual([true, false]);
    expect(await world.balance(world.commerce.target as string, calling)).toBe(10n);
  });

  it('end although it refuses a receiver, or eats all gas: the money waits for the receiver', async () => {
    const burn = '0x000000000000000000000000000000000000dEaD';
    const picky = await spread('PickyToken', PICKY_TOKEN);
    const jobId = await world.submit(1000n, picky);
    await send(by(1, world.commerce), 'setPayout', jobId, burn);
    await send(by(0), 'accept', jobId);
    expect(await status(jobId)).toBe(COMPLETED);
    expect(await read(world.commerce, 'owed', picky.target, burn)).toBe(990n);
    const hungry = await spread('HungryToken', HUNGRY_TOKEN);
    const client = world.accounts[0]!.address;
    const other = await world.submit(1000n, hungry);
    await send(hungry, 'feed', client);
    await send(by(1), 'giveUp', other);
    expect(await status(other)).toBe(REJECTED);
    expect(await read(world.commerce, 'owed', hungry.target, client)).toBe(1000n);
    await send(hungry, 'feed', ZeroAddress);
    await send(world.commerce, 'withdraw', hungry.target, client);
  });
});
