import { chorusToken, identityRegistry, parameters, stakeManager } from '@chorus/contracts';
import { type Contract, type JsonRpcSigner, Signature, ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Evm, events, expectRefusal, read, send, startEvm } from './evm.ts';

const BURN = '0x000000000000000000000000000000000000dEaD';
const UNBOND = 7200;
const VIRTUAL_SHARES = 1_000_000n;
const OFFENCE = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;

describe('stake behind identities', () => {
  let evm: Evm;
  let token: Contract;
  let stakes: Contract;
  let params: Contract;
  let identities: Contract;
  /** Owns identity 0; owns identity 1; delegates to both; is the task contract; harmed by offences; reports them. */
  let [ada, bob, eve, tasks, harmed, reporter]: JsonRpcSigner[] = [];

  beforeAll(async () => {
    evm = await startEvm(6);
    [ada, bob, eve, tasks, harmed, reporter] = evm.signers;
    token = await evm.deploy(chorusToken, ada!.address, 10n ** 30n);
    identities = await evm.deploy(identityRegistry);
    params = await evm.deploy(parameters, ada!.address, ada!.address);
    stakes = await evm.deploy(stakeManager, params.target, identities.target);
    await send(params, 'setContracts', tasks!.address, ada!.address);
    await send(as(identities, ada!), 'register()');
    await send(as(identities, bob!), 'register()');
    for (const account of [ada!, bob!, eve!]) {
      if (account !== ada) await send(token, 'transfer', account.address, 10n ** 24n);
      await send(as(token, account), 'approve', stakes.target, 10n ** 30n);
    }
    await evm.save();
  });
  beforeEach(() => evm.restore());
  afterAll(() => evm?.close());

  const deposit = (account: JsonRpcSigner, amount: bigint, agent = 0, asset = token) =>
    send(as(stakes, account), 'deposit', asset.target, agent, amount);
  const shares = (account: JsonRpcSigner, agent = 0, asset = token): Promise<bigint> =>
    read(stakes, 'sharesOf', asset.target, agent, account.address);
  const pool = async (agent = 0, asset = token) => {
    const [tokens, all, unbondingShares, locked] = await read(stakes, 'pool', asset.target, agent);
    return { tokens, shares: all, unbondingShares, locked };
  };
  const unbond = async (
    account: JsonRpcSigner,
    amount: bigint,
    agent = 0,
    asset = token,
  ): Promise<bigint> => {
    const receipt = await send(as(stakes, account), 'requestUnbond', asset.target, agent, amount);
    return events(receipt, stakes, 'UnbondRequested')[0].ticketId;
  };
  const withdraw = async (account: JsonRpcSigner, ticket: bigint): Promise<bigint> => {
    const receipt = await send(as(stakes, account), 'withdraw', ticket);
    return events(receipt, stakes, 'Withdrawn')[0].amount;
  };
  const lock = (amount: bigint, task = 1, agent = 0) =>
    send(as(stakes, tasks!), 'lock', token.target, agent, task, amount);
  const split = (reporterBps = 1000n, burnBps = 2000n) => ({
    reporter: reporter!.address,
    reporterBps,
    burnBps,
    harmed: harmed!.address,
  });
  const slash = (amount: bigint, offence = 1, task = 1, agent = 0, terms = split()) =>
    send(as(stakes, tasks!), 'slash', token.target, agent, task, OFFENCE(offence), amount, terms);

  it('a deposit comes back whole after the delay, and not a second earlier', async () => {
    const receipt = await deposit(ada!, 12345n);
    const given = await shares(ada!);
    expect(given).toBe(12345n * VIRTUAL_SHARES);
    expect(events(receipt, stakes, 'Deposited')[0].toArray()).toEqual([
      token.target,
      0n,
      ada!.address,
      12345n,
      given,
    ]);
    const before = await read(token, 'balanceOf', ada!.address);
    const ticket = await unbond(ada!, given);
    const [owner, asset, agent, held, maturesAt] = await read(stakes, 'ticket', ticket);
    expect([owner, asset, agent, held]).toEqual([ada!.address, token.target, 0n, given]);
    expect(Number(maturesAt)).toBe((await evm.now()) + UNBOND);
    await evm.passTime(UNBOND - 2);
    await expectRefusal('NotMature', as(stakes, ada!), 'withdraw', ticket);
    await evm.passTime(2);
    expect(await withdraw(ada!, ticket)).toBe(12345n);
    expect(await read(token, 'balanceOf', ada!.address)).toBe(before + 12345n);
    expect(await pool()).toEqual({ tokens: 0n, shares: 0n, unbondingShares: 0n, locked: 0n });
  });

  it('a ticket pays once, and its owner alone', async () => {
    await deposit(ada!, 100n);
    const ticket = await unbond(ada!, await shares(ada!));
    await evm.passTime(UNBOND);
    await expectRefusal('NotYourShares', as(stakes, eve!), 'withdraw', ticket);
    await withdraw(ada!, ticket);
    await expectRefusal('NotYourShares', as(stakes, ada!), 'withdraw', ticket);
    await expectRefusal('NotYourShares', as(stakes, ada!), 'withdraw', 999);
  });

  it('the delay of a ticket is the one of its request, whatever a vote sets later', async () => {
    await deposit(ada!, 100n);
    const ticket = await unbond(ada!, await shares(ada!));
    await send(params, 'setWindows', 3600, 30 * 86400);
    await evm.passTime(UNBOND);
    expect(await withdraw(ada!, ticket)).toBe(100n);
  });

  it('the stake pool refuses zero, an unknown identity, and more shares than the account has', async () => {
    await expectRefusal('ZeroAmount', stakes, 'deposit', token.target, 0, 0);
    await expectRefusal('UnknownIdentity', stakes, 'deposit', token.target, 2, 1);
    await deposit(ada!, 100n);
    await expectRefusal('ZeroAmount', stakes, 'requestUnbond', token.target, 0, 0);
    const all = await shares(ada!);
    await expectRefusal('NotYourShares', as(stakes, ada!), 'requestUnbond', token.target, 0, all + 1n);
    await expectRefusal('NotYourShares', as(stakes, eve!), 'requestUnbond', token.target, 0, 1);
    await expectRefusal('NothingToClaim', stakes, 'claimReports', token.target);
  });

  it('a delegator shares no gains of others, and losses in proportion', async () => {
    await deposit(ada!, 300n);
    await deposit(eve!, 100n);
    expect(await shares(eve!)).toBe(100n * VIRTUAL_SHARES);
    await lock(200n);
    await slash(200n);
    const tickets = [await unbond(ada!, await shares(ada!)), await unbond(eve!, await shares(eve!))];
    await evm.passTime(UNBOND);
    expect(await withdraw(ada!, tickets[0]!)).toBe(150n);
    expect(await withdraw(eve!, tickets[1]!)).toBe(50n);
  });

  it('pools of different tokens and identities do not touch', async () => {
    const other = await evm.deploy(chorusToken, ada!.address, 10n ** 30n);
    await send(as(other, ada!), 'approve', stakes.target, 10n ** 30n);
    await deposit(ada!, 100n);
    await deposit(ada!, 100n, 1);
    await deposit(ada!, 100n, 0, other);
    await lock(100n);
    await slash(100n);
    expect((await pool(0)).tokens).toBe(0n);
    expect((await pool(1)).tokens).toBe(100n);
    expect((await pool(0, other)).tokens).toBe(100n);
    expect(await read(stakes, 'slashCount', 0)).toBe(1n);
    expect(await read(stakes, 'slashCount', 1)).toBe(0n);
  });

  it('locked stake cannot be unbonded, and unbonding stake cannot be locked', async () => {
    await deposit(ada!, 100n);
    await lock(60n);
    expect(await read(stakes, 'freeStake', token.target, 0)).toBe(40n);
    expect(await read(stakes, 'lockOf', token.target, 0, 1)).toBe(60n);
    await expectRefusal(
      'StakeTooSmall',
      as(stakes, ada!),
      'requestUnbond',
      token.target,
      0,
      41n * VIRTUAL_SHARES,
    );
    await unbond(ada!, 30n * VIRTUAL_SHARES);
    expect(await read(stakes, 'freeStake', token.target, 0)).toBe(10n);
    await expectRefusal('StakeTooSmall', as(stakes, tasks!), 'lock', token.target, 0, 2, 11);
    await lock(10n, 2);
    await send(as(stakes, tasks!), 'unlock', token.target, 0, 1);
    expect(await read(stakes, 'freeStake', token.target, 0)).toBe(60n);
    await unbond(ada!, 60n * VIRTUAL_SHARES);
  });

  it('a task locks an identity once, even for zero stake, even after a release', async () => {
    await lock(0n);
    await expectRefusal('AlreadyLocked', as(stakes, tasks!), 'lock', token.target, 0, 1, 0);
    await send(as(stakes, tasks!), 'unlock', token.target, 0, 1);
    await expectRefusal('AlreadyLocked', as(stakes, tasks!), 'lock', token.target, 0, 1, 0);
    await lock(0n, 2);
  });

  it('only the task contract locks, unlocks or slashes', async () => {
    await deposit(ada!, 100n);
    await lock(50n);
    for (const account of [ada!, bob!, harmed!]) {
      const stranger = as(stakes, account);
      await expectRefusal('OnlyTaskManager', stranger, 'lock', token.target, 0, 2, 1);
      await expectRefusal('OnlyTaskManager', stranger, 'unlock', token.target, 0, 1);
      await expectRefusal('OnlyTaskManager', stranger, 'slash', token.target, 0, 1, OFFENCE(1), 1, split());
    }
  });

  it('no account counts as the task contract before one is set', async () => {
    const empty = await evm.deploy(parameters, ada!.address, ada!.address);
    const unset = await evm.deploy(stakeManager, empty.target, identities.target);
    await expectRefusal('OnlyTaskManager', unset, 'lock', token.target, 0, 1, 0);
  });

  it('the stake pool splits a slash between reporter, burn and the harmed task, and rounds towards the task', async () => {
    await deposit(ada!, 1000n);
    await lock(1000n);
    const receipt = await slash(999n, 1, 1, 0, split(3333n, 1111n));
    const [, , , offence, amount, toReporter, burned, toHarmed] = events(receipt, stakes, 'Slashed')[0];
    expect([offence, amount]).toEqual([OFFENCE(1), 999n]);
    expect([toReporter, burned, toHarmed]).toEqual([332n, 110n, 557n]);
    expect(await read(token, 'balanceOf', harmed!.address)).toBe(557n);
    expect(await read(token, 'balanceOf', BURN)).toBe(110n);
    expect(await read(stakes, 'reportRewards', token.target, reporter!.address)).toBe(332n);
    const claimed = await send(as(stakes, reporter!), 'claimReports', token.target);
    expect(events(claimed, stakes, 'ReportsClaimed')[0].amount).toBe(332n);
    expect(await read(token, 'balanceOf', reporter!.address)).toBe(332n);
    await expectRefusal('NothingToClaim', as(stakes, reporter!), 'claimReports', token.target);
    expect(await read(token, 'balanceOf', stakes.target)).toBe(1n);
  });

  it('the stake pool punishes an offence once, and takes no more than the lock', async () => {
    await deposit(ada!, 1000n);
    await lock(100n);
    await slash(70n, 1);
    expect(await read(stakes, 'wasSlashed', OFFENCE(1))).toBe(true);
    await expectRefusal(
      'AlreadySlashed',
      as(stakes, tasks!),
      'slash',
      token.target,
      0,
      1,
      OFFENCE(1),
      1,
      split(),
    );
    // The second takes what is left of the lock, the third nothing: a task never stops for want of stake.
    expect(events(await slash(70n, 2), stakes, 'Slashed')[0].amount).toBe(30n);
    expect(events(await slash(70n, 3), stakes, 'Slashed')[0].amount).toBe(0n);
    expect(await pool()).toMatchObject({ tokens: 900n, locked: 0n });
    expect(await read(stakes, 'slashCount', 0)).toBe(3n);
    expect(await read(stakes, 'lockOf', token.target, 0, 1)).toBe(0n);
  });

  it('the stake pool does not slash what another task locked', async () => {
    await deposit(ada!, 100n);
    await lock(40n, 1);
    await lock(60n, 2);
    await slash(100n, 1, 1);
    expect(await pool()).toMatchObject({ tokens: 60n, locked: 60n });
    expect(await read(stakes, 'lockOf', token.target, 0, 2)).toBe(60n);
  });

  it('the stake pool reaches stake that is unbonding, until it is withdrawn', async () => {
    await deposit(ada!, 100n);
    await deposit(eve!, 100n);
    await lock(100n);
    const ticket = await unbond(eve!, await shares(eve!));
    await slash(50n);
    await evm.passTime(UNBOND);
    expect(await withdraw(eve!, ticket)).toBe(75n);
    await slash(50n, 2);
    expect((await pool()).tokens).toBe(25n);
  });

  it('a delegator before a slash loses like all others, and one after it does not', async () => {
    await deposit(ada!, 100n);
    await lock(100n);
    await slash(50n);
    await deposit(eve!, 100n);
    const ticket = await unbond(eve!, await shares(eve!));
    await evm.passTime(UNBOND);
    // One unit at most is lost to rounding.
    expect(await withdraw(eve!, ticket)).toBeGreaterThanOrEqual(99n);
  });

  it('an emptied pool takes deposits at the first price, over and over', async () => {
    for (let round = 1; round <= 6; round++) {
      await deposit(eve!, 10n ** 22n);
      expect(await shares(eve!)).toBe(10n ** 22n * VIRTUAL_SHARES);
      const stale = await shares(eve!);
      await lock(10n ** 22n, round);
      await slash(10n ** 22n, round, round);
      expect(await pool()).toEqual({ tokens: 0n, shares: 0n, unbondingShares: 0n, locked: 0n });
      expect(await shares(eve!)).toBe(0n);
      await expectRefusal('NotYourShares', as(stakes, eve!), 'requestUnbond', token.target, 0, stale);
    }
  });

  it('a ticket of an emptied pool pays nothing, though others deposited since', async () => {
    await deposit(eve!, 100n);
    const ticket = await unbond(eve!, 1n);
    await lock(99n, 1);
    await slash(99n, 1, 1);
    await lock(1n, 2);
    await slash(1n, 2, 2);
    expect((await read(stakes, 'ticket', ticket)).shares).toBe(0n);
    await deposit(ada!, 1000n);
    await evm.passTime(UNBOND);
    expect(await withdraw(eve!, ticket)).toBe(0n);
    const own = await unbond(ada!, await shares(ada!));
    await evm.passTime(UNBOND);
    expect(await withdraw(ada!, own)).toBe(1000n);
  });

  it('the first depositor cannot inflate the price and take from the second', async () => {
    // The attack on ERC-4626: one share, then a donation that makes it worth as much as the victim's deposit.
    await deposit(eve!, 1n);
    await send(as(token, eve!), 'transfer', stakes.target, 10n ** 18n);
    expect((await pool()).tokens).toBe(1n);
    await deposit(ada!, 10n ** 18n);
    const ticket = await unbond(ada!, await shares(ada!));
    await evm.passTime(UNBOND);
    expect(await withdraw(ada!, ticket)).toBe(10n ** 18n);
  });

  it('a price driven up by rounding costs its author more than any other account', async () => {
    // Leave as few shares as possible behind one unit, then see what a deposit of dust loses.
    await deposit(eve!, 1n);
    const ticket = await unbond(eve!, VIRTUAL_SHARES - 1n);
    await evm.passTime(UNBOND);
    expect(await withdraw(eve!, ticket)).toBe(0n);
    expect(await pool()).toMatchObject({ tokens: 1n, shares: 1n });
    for (let i = 0; i < 5; i++) {
      await deposit(ada!, 7n);
      const own = await unbond(ada!, await shares(ada!));
      await evm.passTime(UNBOND);
      expect(await withdraw(ada!, own)).toBeGreaterThanOrEqual(6n);
    }
  });

  it('the stake pool accepts a signed approval (EIP-2612), even if another account has already used it', async () => {
    await send(as(token, eve!), 'approve', stakes.target, 0);
    const wallet = evm.wallets[2]!;
    const deadline = (await evm.now()) + 1000;
    const domain = { name: 'Chorus', version: '1', chainId: 31337, verifyingContract: String(token.target) };
    const types = {
      Permit: ['owner', 'spender', 'value', 'nonce', 'deadline'].map((name, i) => ({
        name,
        type: i < 2 ? 'address' : 'uint256',
      })),
    };
    const permit = async (value: bigint) => {
      const nonce = await read(token, 'nonces', wallet.address);
      const message = { owner: wallet.address, spender: stakes.target, value, nonce, deadline };
      return Signature.from(await wallet.signTypedData(domain, types, message));
    };
    const one = await permit(500n);
    await send(as(stakes, eve!), 'depositWithPermit', token.target, 0, 500n, deadline, one.v, one.r, one.s);
    const two = await permit(300n);
    await send(as(token, ada!), 'permit', wallet.address, stakes.target, 300n, deadline, two.v, two.r, two.s);
    const call = [token.target, 0, 300n, deadline, two.v, two.r, two.s];
    await send(as(stakes, eve!), 'depositWithPermit', ...call);
    expect((await pool()).tokens).toBe(800n);
    // A signature without effect is no approval.
    await expectRefusal('ERC20InsufficientAllowance', as(stakes, eve!), 'depositWithPermit', ...call);
  });

  it('the stake pool holds pools below 2^128', async () => {
    const huge = await evm.deploy(chorusToken, ada!.address, 2n ** 200n);
    await send(as(huge, ada!), 'approve', stakes.target, 2n ** 255n);
    await expectRefusal('SafeCastOverflowedUintDowncast', stakes, 'deposit', huge.target, 0, 2n ** 128n);
    await deposit(ada!, 2n ** 128n - 1n, 0, huge);
    await expectRefusal('SafeCastOverflowedUintDowncast', stakes, 'deposit', huge.target, 0, 1n);
    const ticket = await unbond(ada!, await shares(ada!, 0, huge), 0, huge);
    await evm.passTime(UNBOND);
    expect(await withdraw(ada!, ticket)).toBe(2n ** 128n - 1n);
  });

  it('stake follows its depositor, not the identity, when the identity is sold', async () => {
    await deposit(ada!, 100n);
    await send(as(identities, ada!), 'transferFrom', ada!.address, eve!.address, 0);
    await expectRefusal('NotYourShares', as(stakes, eve!), 'requestUnbond', token.target, 0, 1);
    await unbond(ada!, await shares(ada!));
  });

  it('an unknown ticket is empty', async () => {
    expect([...(await read(stakes, 'ticket', 5))]).toEqual([ZeroAddress, ZeroAddress, 0n, 0n, 0n]);
  });
});
