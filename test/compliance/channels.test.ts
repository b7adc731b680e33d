import { randomBytes } from 'node:crypto';
import { authorizationCollector, chorusToken, paymentChannels } from '@chorus/contracts';
import { type ChannelConfig, toHex } from '@chorus/protocol';
import { AbiCoder, Contract, Interface } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ChannelsWorld, type ClaimRow, openChannelsWorld, rowArgs } from '../economy/channels/world.ts';
import { as, events, expectRefusal, read, send } from './evm.ts';
import { expectGas } from './gas.ts';

const CONFIG = '(address,address,address,address,address,uint40,bytes32)';
const CLAIM = `((${CONFIG},uint128),bytes,uint128)`;

/** What x402 publishes, in its words: `specs/schemes/batch-settlement`, and the contract at 0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003. */
const PUBLISHED = [
  `deposit(${CONFIG},uint128,address,bytes)`,
  `claim(${CLAIM}[])`,
  `claimWithSignature(${CLAIM}[],bytes)`,
  'settle(address,address)',
  `initiateWithdraw(${CONFIG},uint128)`,
  `finalizeWithdraw(${CONFIG})`,
  `refund(${CONFIG},uint128)`,
  `refundWithSignature(${CONFIG},uint128,uint256,bytes)`,
  'multicall(bytes[])',
  'channels(bytes32)',
  'refundNonce(bytes32)',
  'pendingWithdrawals(bytes32)',
  'receivers(address,address)',
  `getChannelId(${CONFIG})`,
  'getVoucherDigest(bytes32,uint128)',
  'getRefundDigest(bytes32,uint256,uint128)',
  `getClaimBatchDigest(${CLAIM}[])`,
  'eip712Domain()',
  ...['MIN_WITHDRAW_DELAY()', 'MAX_WITHDRAW_DELAY()', 'CHANNEL_CONFIG_TYPEHASH()', 'VOUCHER_TYPEHASH()'],
  ...['REFUND_TYPEHASH()', 'CLAIM_ENTRY_TYPEHASH()', 'CLAIM_BATCH_TYPEHASH()'],
];
const EVENTS = [
  `ChannelCreated(bytes32,${CONFIG})`,
  `ChannelClosed(bytes32,${CONFIG})`,
  'Deposited(bytes32,address,uint128,uint128)',
  'Claimed(bytes32,address,uint128,uint128)',
  'Settled(address,address,address,uint128)',
  'Refunded(bytes32,address,uint128)',
  'WithdrawInitiated(bytes32,uint128,uint40)',
  'WithdrawFinalized(bytes32,address,uint128)',
];

describe('the contract of payment channels', () => {
  let world: ChannelsWorld;
  beforeAll(async () => {
    world = await openChannelsWorld();
    await world.evm.save();
  });
  beforeEach(() => world.evm.restore());
  afterAll(() => world?.evm.close());

  it('has the functions and events that x402 publishes, and no others', () => {
    const abi = new Interface(paymentChannels.abi);
    const found = (type: string) =>
      abi.fragments.filter((f) => f.type === type).map((f) => f.format('sighash'));
    expect(found('function').sort()).toEqual([...PUBLISHED].sort());
    expect(
      found('event')
        .filter((name) => name !== 'EIP712DomainChanged()')
        .sort(),
    ).toEqual([...EVENTS].sort());
  });

  it('does the same at the published address: ids and signatures are of the address that it runs at', async () => {
    const at = '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003';
    const code = await world.evm.provider.getCode(world.channels.target);
    await world.evm.provider.send('anvil_setCode', [at, code]);
    const published = new Contract(at, paymentChannels.abi as never, world.accounts[0]);
    const config = { ...configOf(), salt: `0x${'00'.repeat(32)}` };
    expect(await read(published, 'getChannelId', config)).not.toBe(world.idOf(config as ChannelConfig));
    expect((await read(published, 'eip712Domain')).verifyingContract).toBe(at);
  });

  it('refuses what is malformed or out of turn, each with its own error', async () => {
    const [payer, provider, stranger] = [1, 2, 3];
    const NO_ONE = '0x0000000000000000000000000000000000000000';
    const by = (account: number) => as(world.channels, world.accounts[account]!);
    const data = (config: ChannelConfig, amount: bigint) =>
      world.sign.deposit(payer, config, amount, toHex(randomBytes(32)));
    const config = configOf();
    for (const change of [
      { payer: NO_ONE },
      { receiver: NO_ONE },
      { receiverAuthorizer: NO_ONE },
      { token: NO_ONE },
    ] as Partial<ChannelConfig>[]) {
      const odd = { ...config, ...change };
      await expectRefusal('InvalidChannel', by(payer), 'deposit', odd, 1n, world.collector.target, '0x');
    }
    for (const withdrawDelay of [899, 2_592_001]) {
      const odd = { ...config, withdrawDelay };
      await expectRefusal(
        'WithdrawDelayOutOfRange',
        by(payer),
        'deposit',
        odd,
        1n,
        world.collector.target,
        '0x',
      );
    }
    await expectRefusal('ZeroDeposit', by(payer), 'deposit', config, 0n, world.collector.target, '0x');
    await expectRefusal('InvalidCollector', by(payer), 'deposit', config, 1n, NO_ONE, '0x');
    const short = AbiCoder.defaultAbiCoder().encode(
      ['uint256', 'uint256', 'uint256', 'bytes'],
      [0n, 2n ** 40n, 1n, '0x1234'],
    );
    const deposit = [config, 1n, world.collector.target];
    await expectRefusal('ECDSAInvalidSignatureLength', by(payer), 'deposit', ...deposit, short);
    await expect(world.evm.deploy(authorizationCollector, NO_ONE)).rejects.toThrow();
    await expectRefusal('EmptyBatch', by(provider), 'claim', []);
    await expectRefusal('EmptyBatch', by(provider), 'claimWithSignature', [], '0x');
    for (const method of ['initiateWithdraw', 'refund']) {
      const error = method === 'refund' ? 'ZeroRefund' : 'NothingToWithdraw';
      await expectRefusal(error, by(method === 'refund' ? provider : payer), method, config, 0n);
    }
    await expectRefusal('NotAuthorizedToFinalizeWithdraw', by(stranger), 'finalizeWithdraw', config);
    await expectRefusal('WithdrawAmountExceedsAvailable', by(payer), 'initiateWithdraw', config, 1n);
    const other = { ...configOf(), receiverAuthorizer: world.accounts[stranger]!.address as never };
    for (const each of [config, other]) {
      await send(by(payer), 'deposit', each, 100n, world.collector.target, data(each, 100n));
    }
    const rows = [config, other].map((each) => ({
      ...{ config: each, ceiling: 5n, claimed: 5n },
      signature: world.sign.voucher(payer, each, 5n),
    }));
    const args = rows.map(rowArgs);
    const claim = (signer: number) => [args, world.sign.batch(signer, rows)];
    await expectRefusal('InvalidSignature', by(stranger), 'claimWithSignature', ...claim(stranger));
    await expectRefusal('NotReceiverAuthorizer', by(stranger), 'claimWithSignature', ...claim(provider));
    await send(by(payer), 'initiateWithdraw', config, 100n);
    await expectRefusal('WithdrawalAlreadyPending', by(payer), 'initiateWithdraw', config, 1n);
  });

  it('tells of a channel when it is first paid into, and when it is empty without a claim', async () => {
    const by = (account: number) => as(world.channels, world.accounts[account]!);
    const deposit = (config: ChannelConfig) =>
      send(
        by(1),
        'deposit',
        ...[
          config,
          100n,
          world.collector.target,
          world.sign.deposit(1, config, 100n, toHex(randomBytes(32))),
        ],
      );
    const config = configOf();
    const id = world.idOf(config);
    const created = async () =>
      events(await deposit(config), world.channels, 'ChannelCreated').map((e) => e.channelId);
    expect(await created()).toEqual([id]);
    expect(await created()).toEqual([]);
    const closed = (receipt: Awaited<ReturnType<typeof send>>) =>
      events(receipt, world.channels, 'ChannelClosed').map((e) => e.channelId);
    await send(by(1), 'initiateWithdraw', config, 200n);
    // Everything goes back while a withdrawal waits, which then has nothing left to pay.
    expect(closed(await send(by(2), 'refund', config, 100n))).toEqual([]);
    await deposit(config);
    await send(by(2), 'refund', config, 50n);
    await world.evm.passTime(3_600);
    expect(closed(await send(by(1), 'finalizeWithdraw', config))).toEqual([]);
    expect(closed(await send(by(2), 'refund', config, 1_000n))).toEqual([id]);
    // The nonce of refunds is used also if there is nothing to give.
    const before = await read(world.channels, 'refundNonce', id);
    expect(events(await send(by(2), 'refund', config, 1n), world.channels, 'Refunded')).toEqual([]);
    expect((await read(world.channels, 'refundNonce', id)) - before).toBe(1n);
    // A withdrawal of what was claimed in between pays nothing, and ends.
    const spent = configOf();
    await deposit(spent);
    await send(by(1), 'initiateWithdraw', spent, 100n);
    const row = {
      config: spent,
      ceiling: 100n,
      claimed: 100n,
      signature: world.sign.voucher(1, spent, 100n),
    };
    await send(by(2), 'claim', [rowArgs(row)]);
    await world.evm.passTime(3_600);
    const [ended] = events(await send(by(1), 'finalizeWithdraw', spent), world.channels, 'WithdrawFinalized');
    expect(ended.amount).toBe(0n);
  });

  it('holds no more than its numbers can', async () => {
    const by = (account: number) => as(world.channels, world.accounts[account]!);
    const large = await world.evm.deploy(chorusToken, world.accounts[1]!.address, 2n ** 140n);
    const config = { ...configOf(), token: String(large.target) as never };
    const most = 2n ** 128n - 1n;
    const args = (amount: bigint) => [
      ...[config, amount, world.collector.target],
      world.sign.deposit(1, config, amount, toHex(randomBytes(32))),
    ];
    await send(by(1), 'deposit', ...args(most));
    await expectRefusal('DepositOverflow', by(1), 'deposit', ...args(1n));
  });

  it('costs what the snapshot of its gas says', async () => {
    const gas: Record<string, bigint> = {};
    const note = async (what: string, sent: Promise<{ gasUsed: bigint }>) => {
      gas[what] = (await sent).gasUsed;
    };
    const by = (account: number) => as(world.channels, world.accounts[account]!);
    const deposit = (config: ChannelConfig, amount: bigint) => {
      const data = world.sign.deposit(1, config, amount, toHex(randomBytes(32)));
      return send(by(1), 'deposit', config, amount, world.collector.target, data);
    };
    const row = (config: ChannelConfig, ceiling: bigint): ClaimRow => ({
      ...{ config, ceiling, claimed: ceiling },
      signature: world.sign.voucher(1, config, ceiling),
    });
    const claimed = (...rows: ClaimRow[]) => {
      const { interface: abi } = world.channels;
      const { receiver, token } = rows[0]!.config;
      return send(by(2), 'multicall', [
        abi.encodeFunctionData('claim', [rows.map(rowArgs)]),
        abi.encodeFunctionData('settle', [receiver, token]),
      ]);
    };
    const config = configOf();
    await note('open a payment channel', deposit(config, 10n ** 18n));
    await note('pay more into a channel', deposit(config, 10n ** 18n));
    await note('claim a channel for the first time, and pay it out', claimed(row(config, 3_000n)));
    await note('claim a channel again, and pay it out', claimed(row(config, 6_000n)));
    const many = Array.from({ length: 32 }, configOf);
    for (const each of many) await deposit(each, 1_000n);
    await note('claim 32 channels, and pay them out', claimed(...many.map((each) => row(each, 1_000n))));
    await note('start to withdraw from a channel', send(by(1), 'initiateWithdraw', config, 10n ** 18n));
    await note('refund a part of a channel', send(by(2), 'refund', config, 5n));
    await world.evm.passTime(3_600);
    await note('end a withdrawal from a channel', send(by(1), 'finalizeWithdraw', config));
    const other = configOf();
    await deposit(other, 1_000n);
    const rows = [row(other, 500n)];
    const signed = send(by(3), 'claimWithSignature', rows.map(rowArgs), world.sign.batch(2, rows));
    await note('claim a channel by signature', signed);
    await note('pay out what was claimed', send(by(3), 'settle', other.receiver, other.token));
    const refund = world.sign.refund(2, other, 0n, 100n);
    await note('refund a channel by signature', send(by(3), 'refundWithSignature', other, 100n, 0n, refund));
    expectGas(gas);
  });

  const configOf = (): ChannelConfig => ({
    payer: world.accounts[1]!.address as never,
    payerAuthorizer: world.accounts[1]!.address as never,
    // An address without code and without tokens, as a till before its first payment.
    receiver: '0x00000000000000000000000000000000000071ff',
    receiverAuthorizer: world.accounts[2]!.address as never,
    token: String(world.tokens[0]!.target) as never,
    withdrawDelay: 3_600,
    salt: toHex(randomBytes(32)),
  });
});
