import { randomBytes } from 'node:crypto';
import { paymentChannels } from '@chorus/contracts';
import { type Address, type ChannelConfig, type Hex, toHex } from '@chorus/protocol';
import { Signature, TypedDataEncoder, toBeHex } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, expectRefusal, read, refusal, send } from '../../compliance/evm.ts';
import { CALLING_TOKEN, FEE_TOKEN, SHRINKING_TOKEN } from '../../compliance/odd-tokens.ts';
import { CHANNEL, VOUCHER } from '../../twins/typed-data.ts';
import {
  addressOf,
  CHAIN_ID,
  type ChannelsWorld,
  type ClaimRow,
  openChannelsWorld,
  rowArgs,
} from '../channels/world.ts';

const [PAYER, PROVIDER, STRANGER, TILL] = [1, 2, 3, 4];
const NO_ONE: Address = `0x${'00'.repeat(20)}`;
const HOUR = 3_600;

/** A payer that is a contract: what its owner has signed is its own signature (ERC-1271). */
const WALLET = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
contract SmartWallet {
    address private immutable owner;
    constructor(address owner_) { owner = owner_; }
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == owner ? bytes4(0x1626ba7e) : bytes4(0);
    }
}`;

/** Delivers by a plain transfer of what it has, and calls something in between. */
const COLLECTOR = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
contract AnyCollector {
    address public target; bytes public call_; bool public succeeded; bool public delivers = true;
    function aim(address target__, bytes calldata data) external { target = target__; call_ = data; }
    function keep() external { delivers = false; }
    function collect(address, address token, uint256 amount, bytes32, bytes calldata) external {
        if (target != address(0)) (succeeded,) = target.call(call_);
        if (delivers) IERC20(token).transfer(msg.sender, amount);
    }
}`;

let world: ChannelsWorld;
beforeAll(async () => {
  world = await openChannelsWorld();
  await world.evm.save();
});
beforeEach(() => world.evm.restore());
afterAll(() => world?.evm.close());

const name = (account: number) => world.accounts[account]!.address as Address;
const by = (account: number, contract = world.channels) => as(contract, world.accounts[account]!);
const token = () => world.tokens[0]!;
const configOf = (change: Partial<ChannelConfig> = {}): ChannelConfig => ({
  ...{
    payer: name(PAYER),
    payerAuthorizer: name(PAYER),
    receiver: name(TILL),
    receiverAuthorizer: name(PROVIDER),
  },
  ...{ token: addressOf(token()), withdrawDelay: HOUR, salt: toHex(randomBytes(32)) },
  ...change,
});
const depositArgs = (config: ChannelConfig, amount: bigint, salt = toHex(randomBytes(32))) => [
  config,
  amount,
  world.collector.target,
  world.sign.deposit(PAYER, config, amount, salt),
];
const opened = async (amount: bigint, change: Partial<ChannelConfig> = {}): Promise<ChannelConfig> => {
  const config = configOf(change);
  await send(by(PAYER), 'deposit', ...depositArgs(config, amount));
  return config;
};
const rowOf = (config: ChannelConfig, ceiling: bigint, claimed = ceiling, signer = PAYER): ClaimRow => ({
  ...{ config, ceiling, claimed },
  signature: world.sign.voucher(signer, config, ceiling),
});
const claim = (...rows: ClaimRow[]) => send(by(PROVIDER), 'claim', rows.map(rowArgs));
const claimRefused = (error: string, ...rows: ClaimRow[]) =>
  expectRefusal(error, by(PROVIDER), 'claim', rows.map(rowArgs));
const has = (account: number, asset = token()): Promise<bigint> => read(asset, 'balanceOf', name(account));
const stateOf = async (config: ChannelConfig) => {
  const [balance, claimed] = await read(world.channels, 'channels', world.idOf(config));
  return { balance, claimed };
};

describe('a voucher', () => {
  it('that was claimed brings nothing again, alone, in one batch, or under an earlier one', async () => {
    const config = await opened(1_000n);
    const [first, second] = [rowOf(config, 300n), rowOf(config, 500n)];
    await claim(second, second, first, second);
    await claim(second);
    await claim(first);
    expect(await stateOf(config)).toEqual({ balance: 1_000n, claimed: 500n });
    for (let i = 0; i < 2; i++) await send(by(STRANGER), 'settle', name(TILL), token().target);
    expect((await has(TILL)) - 10n ** 24n).toBe(500n);
  });

  it('is of its channel, its chain and its contract alone', async () => {
    const [config, other] = [await opened(1_000n), await opened(1_000n)];
    const good = rowOf(config, 400n);
    await claimRefused('InvalidSignature', { ...good, config: other });
    // The same channel at another contract of the same kind, and on another chain.
    const second = await world.evm.deploy(paymentChannels);
    const own = { name: 'x402 Batch Settlement', version: '1' };
    for (const domain of [
      { ...own, chainId: CHAIN_ID, verifyingContract: String(second.target) },
      { ...own, chainId: CHAIN_ID + 1, verifyingContract: String(world.channels.target) },
    ]) {
      const channelId = TypedDataEncoder.hash(domain, CHANNEL, config);
      expect(channelId).not.toBe(world.idOf(config));
      for (const id of [channelId, world.idOf(config)]) {
        const digest = TypedDataEncoder.hash(domain, VOUCHER, { channelId: id, maxClaimableAmount: 400n });
        const signature = world.evm.wallets[PAYER]!.signingKey.sign(digest).serialized as Hex;
        await claimRefused('InvalidSignature', { ...good, signature });
      }
    }
    await claim(good);
  });

  it('of a forged signer, of another sum, or in the other form of its signature, is refused', async () => {
    const config = await opened(1_000n);
    const good = rowOf(config, 400n);
    for (const signer of [PROVIDER, STRANGER, TILL]) {
      await claimRefused('InvalidSignature', rowOf(config, 400n, 400n, signer));
    }
    await claimRefused('InvalidSignature', { ...good, ceiling: 401n, claimed: 401n });
    await claimRefused('ClaimExceedsCeiling', { ...good, claimed: 401n });
    const { r, s, yParity } = Signature.from(good.signature);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const malleated = `${r}${toBeHex(order - BigInt(s), 32).slice(2)}${yParity === 0 ? '1c' : '1b'}` as Hex;
    await claimRefused('ECDSAInvalidSignatureS', { ...good, signature: malleated });
    await claimRefused('ECDSAInvalidSignatureLength', { ...good, signature: '0x' });
    await claimRefused('ECDSAInvalidSignature', { ...good, signature: `0x${'00'.repeat(65)}` });
  });

  it('does not let its receiver claim more than is in the channel, nor than was signed', async () => {
    const config = await opened(1_000n);
    await claimRefused('ClaimExceedsBalance', rowOf(config, 1_001n));
    await claimRefused('ClaimExceedsBalance', rowOf(config, 2n ** 128n - 1n));
    await claim(rowOf(config, 2n ** 128n - 1n, 1_000n));
    expect(await stateOf(config)).toEqual({ balance: 1_000n, claimed: 1_000n });
    // One channel's money does not pay for another's voucher.
    const second = await opened(10n);
    await claimRefused('ClaimExceedsBalance', rowOf(second, 11n));
  });

  it('of a payer that is a contract counts if the contract says so, and of a key where the channel names a key', async () => {
    const wallet = await world.evm.deploySource('SmartWallet', WALLET, name(PAYER));
    const collector = await world.evm.deploySource('AnyCollector', COLLECTOR);
    await send(by(PAYER, token()), 'transfer', collector.target, 1_000n);
    const config = configOf({ payer: addressOf(wallet), payerAuthorizer: NO_ONE });
    await send(by(STRANGER), 'deposit', config, 1_000n, collector.target, '0x');
    await claimRefused('InvalidSignature', rowOf(config, 400n, 400n, STRANGER));
    await claim(rowOf(config, 400n));
    expect((await stateOf(config)).claimed).toBe(400n);
    // Its own key replaces the payer's signature, and does not join it.
    const keyed = await opened(1_000n, { payerAuthorizer: name(STRANGER) });
    await claimRefused('InvalidSignature', rowOf(keyed, 1n, 1n, PAYER));
    await claim(rowOf(keyed, 1n, 1n, STRANGER));
  });

  it('of a key that is given code (EIP-7702) before the claim is void, unless the channel names the key', async () => {
    const wallet = await world.evm.deploySource('SmartWallet', WALLET, name(STRANGER));
    const [bare, keyed] = [await opened(1_000n, { payerAuthorizer: NO_ONE }), await opened(1_000n)];
    await claim(rowOf(bare, 1n), rowOf(keyed, 1n));
    const delegation = `0xef0100${addressOf(wallet).slice(2)}`;
    await world.evm.provider.send('anvil_setCode', [name(PAYER), delegation]);
    // Why nodes take vouchers of channels that name their key alone.
    await claimRefused('InvalidSignature', rowOf(bare, 400n));
    await claim(rowOf(keyed, 400n));
  });
});

describe('a deposit', () => {
  it('that its payer signed for one channel goes into no other, nor in twice', async () => {
    const config = configOf();
    const args = depositArgs(config, 100n);
    const mine = configOf({ receiver: name(STRANGER), receiverAuthorizer: name(STRANGER) });
    await expectRefusal('ERC3009InvalidSignature', by(STRANGER), 'deposit', mine, ...args.slice(1));
    await expectRefusal('ERC3009InvalidSignature', by(STRANGER), 'deposit', config, 101n, ...args.slice(2));
    await send(by(STRANGER), 'deposit', ...args);
    await expectRefusal('ERC3009UsedAuthorization', by(STRANGER), 'deposit', ...args);
    // The collector gives what it collects to the contract of channels alone.
    await expectRefusal(
      'OnlyX402BatchSettlement',
      by(STRANGER, world.collector),
      'collect',
      ...[name(PAYER), token().target, 100n, world.idOf(mine), args[3]],
    );
  });

  it('that a collector does not deliver, or delivers in a token that keeps a part, is refused', async () => {
    const collector = await world.evm.deploySource('AnyCollector', COLLECTOR);
    await send(by(PAYER, token()), 'transfer', collector.target, 500n);
    const deposit = (config: ChannelConfig, amount: bigint) => [config, amount, collector.target, '0x'];
    await expectRefusal('ERC20InsufficientBalance', by(PAYER), 'deposit', ...deposit(configOf(), 501n));
    await send(collector, 'keep');
    await expectRefusal('DepositCollectionFailed', by(PAYER), 'deposit', ...deposit(configOf(), 500n));
    const honest = await world.evm.deploySource('AnyCollector', COLLECTOR);
    const fee = await world.evm.deploySource('FeeToken', FEE_TOKEN);
    await send(fee, 'transfer', honest.target, 500n);
    const config = configOf({ token: addressOf(fee) });
    await expectRefusal('DepositCollectionFailed', by(PAYER), 'deposit', config, 100n, honest.target, '0x');
  });

  it('whose collector calls back finds every way closed', async () => {
    const config = await opened(1_000n);
    const { channels } = world;
    const row = rowArgs(rowOf(config, 100n));
    const calls: [string, unknown[]][] = [
      ['deposit', depositArgs(configOf(), 5n)],
      ['claim', [[row]]],
      ['settle', [name(TILL), token().target]],
      ['refund', [config, 1n]],
      ['multicall', [[channels.interface.encodeFunctionData('settle', [name(TILL), token().target])]]],
    ];
    for (const [method, args] of calls) {
      const collector = await world.evm.deploySource('AnyCollector', COLLECTOR);
      await send(by(PAYER, token()), 'transfer', collector.target, 50n);
      await send(collector, 'aim', channels.target, channels.interface.encodeFunctionData(method, args));
      await send(by(PAYER), 'deposit', configOf(), 50n, collector.target, '0x');
      expect(await read(collector, 'succeeded'), method).toBe(false);
    }
  });
});

describe('a withdrawal', () => {
  it('leaves the receiver its delay, and what is not claimed in it is the payer’s', async () => {
    const config = await opened(1_000n);
    await send(by(PAYER), 'initiateWithdraw', config, 1_000n);
    // In the middle of a call: the voucher that is held still counts.
    await world.evm.passTime(HOUR - 60);
    await expectRefusal('WithdrawDelayNotElapsed', by(PAYER), 'finalizeWithdraw', config);
    await claim(rowOf(config, 600n));
    await world.evm.passTime(60);
    const before = await has(PAYER);
    await send(by(PAYER), 'finalizeWithdraw', config);
    expect((await has(PAYER)) - before).toBe(400n);
    await claimRefused('ClaimExceedsBalance', rowOf(config, 601n));
    await expectRefusal('WithdrawalNotPending', by(PAYER), 'finalizeWithdraw', config);
    await send(by(STRANGER), 'settle', name(TILL), token().target);
    expect((await has(TILL)) - 10n ** 24n).toBe(600n);
    expect(await read(token(), 'balanceOf', world.channels.target)).toBe(0n);
  });

  it('that was started counts its delay from its start alone: none can be started in advance', async () => {
    const config = await opened(1_000n);
    await send(by(PAYER), 'initiateWithdraw', config, 1n);
    await world.evm.passTime(HOUR);
    await send(by(PAYER), 'finalizeWithdraw', config);
    await send(by(PAYER), 'initiateWithdraw', config, 999n);
    await expectRefusal('WithdrawDelayNotElapsed', by(PAYER), 'finalizeWithdraw', config);
    // A pending one that is small is not raised by a later deposit.
    await send(by(PAYER), 'deposit', ...depositArgs(config, 5_000n));
    await world.evm.passTime(HOUR);
    const before = await has(PAYER);
    await send(by(PAYER), 'finalizeWithdraw', config);
    expect((await has(PAYER)) - before).toBe(999n);
  });

  it('and a refund are no one else’s, and pay the payer alone', async () => {
    const config = await opened(1_000n);
    for (const account of [STRANGER, PROVIDER, TILL]) {
      await expectRefusal('InvalidChannel', by(account), 'initiateWithdraw', config, 1n);
    }
    for (const account of [STRANGER, PAYER]) {
      await expectRefusal('NotAuthorizedToRefund', by(account), 'refund', config, 1n);
      await expectRefusal('NotAuthorizedToClaim', by(account), 'claim', [rowArgs(rowOf(config, 1n))]);
    }
    const signature = world.sign.refund(PROVIDER, config, 0n, 100n);
    const before = await has(PAYER);
    await send(by(STRANGER), 'refundWithSignature', config, 100n, 0n, signature);
    expect((await has(PAYER)) - before).toBe(100n);
    await expectRefusal(
      'InvalidRefundNonce',
      by(STRANGER),
      'refundWithSignature',
      config,
      100n,
      0n,
      signature,
    );
    await expectRefusal('InvalidSignature', by(STRANGER), 'refundWithSignature', config, 100n, 1n, signature);
  });
});

describe('a token that misbehaves', () => {
  it('and calls back while it is paid out is paid once', async () => {
    const calling = await world.evm.deploySource('CallingToken', CALLING_TOKEN);
    const collector = await world.evm.deploySource('AnyCollector', COLLECTOR);
    await send(calling, 'transfer', collector.target, 1_000n);
    const config = configOf({ token: addressOf(calling) });
    await send(by(PAYER), 'deposit', config, 1_000n, collector.target, '0x');
    await claim(rowOf(config, 600n));
    const again = world.channels.interface.encodeFunctionData('settle', [name(TILL), calling.target]);
    await send(calling, 'aim', world.channels.target, again);
    await send(by(STRANGER), 'settle', name(TILL), calling.target);
    expect([await read(calling, 'called'), await read(calling, 'succeeded')]).toEqual([true, false]);
    expect(await has(TILL, calling)).toBe(600n);
    expect(await read(calling, 'balanceOf', world.channels.target)).toBe(400n);
  });

  it('and takes what it was trusted with harms the channels of its own alone', async () => {
    const good = await opened(1_000n);
    const shrinking = await world.evm.deploySource('ShrinkingToken', SHRINKING_TOKEN);
    const collector = await world.evm.deploySource('AnyCollector', COLLECTOR);
    await send(shrinking, 'transfer', collector.target, 1_000n);
    const config = configOf({ token: addressOf(shrinking) });
    await send(by(PAYER), 'deposit', config, 1_000n, collector.target, '0x');
    await send(shrinking, 'shrink');
    await claim(rowOf(config, 1_000n), rowOf(good, 1_000n));
    expect(await refusal(by(STRANGER), 'settle', name(TILL), shrinking.target)).not.toBeNull();
    await send(by(STRANGER), 'settle', name(TILL), token().target);
    expect((await has(TILL)) - 10n ** 24n).toBe(1_000n);
  });
});
