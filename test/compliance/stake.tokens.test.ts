import { chorusToken, identityRegistry, parameters, stakeManager } from '@chorus/contracts';
import type { Contract, JsonRpcSigner, TransactionReceipt } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, type Evm, events, expectRefusal, read, send, startEvm } from './evm.ts';
import { CALLING_TOKEN, FEE_TOKEN, PICKY_TOKEN, SHRINKING_TOKEN, SILENT_TOKEN } from './odd-tokens.ts';

describe('stake in tokens that do not behave', () => {
  let evm: Evm;
  let stakes: Contract;
  let good: Contract;
  let [ada, tasks, harmed]: JsonRpcSigner[] = [];
  const OFFENCE = `0x${'0f'.repeat(32)}`;

  beforeAll(async () => {
    evm = await startEvm(3);
    [ada, tasks, harmed] = evm.signers;
    good = await evm.deploy(chorusToken, ada!.address, 10n ** 24n);
    const identities = await evm.deploy(identityRegistry);
    const params = await evm.deploy(parameters, ada!.address, ada!.address);
    stakes = await evm.deploy(stakeManager, params.target, identities.target);
    await send(params, 'setContracts', tasks!.address, ada!.address);
    await send(identities, 'register()');
    await send(good, 'approve', stakes.target, 10n ** 24n);
    await send(stakes, 'deposit', good.target, 0, 1000n);
  });
  afterAll(() => evm?.close());

  const token = async (name: string, source: string): Promise<Contract> => {
    const contract = await evm.deploySource(name, source);
    await send(contract, 'approve', stakes.target, 10n ** 18n);
    return contract;
  };
  const ticketOf = (receipt: TransactionReceipt): bigint =>
    events(receipt, stakes, 'UnbondRequested')[0].ticketId;
  const leave = async (asset: Contract): Promise<bigint> => {
    const all = await read(stakes, 'sharesOf', asset.target, 0, ada!.address);
    const receipt = await send(stakes, 'requestUnbond', asset.target, 0, all);
    await evm.passTime(7200);
    return ticketOf(receipt);
  };

  it('a stake token with a fee on transfers is refused', async () => {
    const fee = await token('FeeToken', FEE_TOKEN);
    await expectRefusal('InexactTransfer', stakes, 'deposit', fee.target, 0, 100);
  });

  it('a stake token that is not a contract is refused', async () => {
    await expect(stakes.getFunction('deposit').staticCall(harmed!.address, 0, 100)).rejects.toThrow();
  });

  it('a stake token whose transfers return nothing is accepted and returned', async () => {
    const silent = await token('SilentToken', SILENT_TOKEN);
    await send(stakes, 'deposit', silent.target, 0, 100);
    const ticket = await leave(silent);
    await send(stakes, 'withdraw', ticket);
    expect(await read(silent, 'balanceOf', ada!.address)).toBe(10n ** 18n);
  });

  it('a stake token whose balances shrink harms only its own pool', async () => {
    const shrinking = await token('ShrinkingToken', SHRINKING_TOKEN);
    await send(stakes, 'deposit', shrinking.target, 0, 100);
    await send(shrinking, 'shrink');
    const ticket = await leave(shrinking);
    // No other account's tokens cover the loss.
    await expectRefusal('ERC20InsufficientBalance', stakes, 'withdraw', ticket);
    const other = await leave(good);
    const receipt = await send(stakes, 'withdraw', other);
    expect(events(receipt, stakes, 'Withdrawn')[0].amount).toBe(1000n);
    await send(stakes, 'deposit', good.target, 0, 1000n);
  });

  it('a stake token that refuses the burn address does not stop a slash, and that part stays unowned', async () => {
    const picky = await token('PickyToken', PICKY_TOKEN);
    await send(stakes, 'deposit', picky.target, 0, 100);
    await send(as(stakes, tasks!), 'lock', picky.target, 0, 1, 100);
    const split = { reporter: ada!.address, reporterBps: 1000, burnBps: 2000, harmed: harmed!.address };
    await send(as(stakes, tasks!), 'slash', picky.target, 0, 1, OFFENCE, 50, split);
    expect(await read(picky, 'balanceOf', harmed!.address)).toBe(35n);
    expect(
      await read(stakes, 'reportRewards', picky.target, '0x000000000000000000000000000000000000dEaD'),
    ).toBe(10n);
    expect(await read(picky, 'balanceOf', stakes.target)).toBe(65n);
  });

  it('a stake token that calls back can enter no function that moves stake', async () => {
    const calling = await token('CallingToken', CALLING_TOKEN);
    await send(stakes, 'deposit', calling.target, 0, 1000);
    await send(calling, 'transfer', calling.target, 1000);
    const encode = (name: string, args: unknown[]) => stakes.interface.encodeFunctionData(name, args);
    await send(
      calling,
      'run',
      calling.target,
      calling.interface.encodeFunctionData('approve', [stakes.target, 1000]),
    );
    await send(calling, 'run', stakes.target, encode('deposit', [calling.target, 0, 500]));
    const own = await read(stakes, 'sharesOf', calling.target, 0, calling.target);
    const request = encode('requestUnbond', [calling.target, 0, own / 2n]);
    const theirs = ticketOf(await send(calling, 'run', stakes.target, request));
    const mine = await leave(calling);
    const calls: [string, unknown[]][] = [
      ['withdraw', [theirs]],
      ['requestUnbond', [calling.target, 0, 1]],
      ['deposit', [calling.target, 0, 1]],
      ['claimReports', [calling.target]],
    ];
    for (const [name, args] of calls) {
      const state = await evm.provider.send('evm_snapshot', []);
      // Time goes back as well with the state.
      await evm.passTime(7200);
      await send(calling, 'aim', stakes.target, encode(name, args));
      await send(stakes, 'withdraw', mine);
      expect(await read(calling, 'called'), name).toBe(true);
      expect(await read(calling, 'succeeded'), name).toBe(false);
      const answer = await read(calling, 'answer');
      expect(stakes.interface.parseError(answer)?.name, name).toBe('ReentrancyGuardReentrantCall');
      await evm.provider.send('evm_revert', [state]);
    }
  });
});
