import { randomBytes } from 'node:crypto';
import { paymentChannels } from '@chorus/contracts';
import { type ChannelConfig, toHex } from '@chorus/protocol';
import { Contract, Interface } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChannelsWorld, type ClaimRow, openChannelsWorld, rowArgs } from '../economy/channels/world.ts';
import { as, read, send } from './evm.ts';
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
  });
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
