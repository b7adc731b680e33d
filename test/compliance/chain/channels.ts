import { randomBytes } from 'node:crypto';
import {
  type Address,
  type ChainPort,
  type ChannelClaim,
  type ChannelConfig,
  type Hex,
  toHex,
} from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused } from './fixture.ts';

const DELAY = 3_600;
const NO_ONE: Address = `0x${'00'.repeat(20)}`;

/** Payment channels: one deposit, vouchers for what is used, one claim. */
export function describeChannels(get: () => Fixture): void {
  describe('payment channels', () => {
    const parties = () => {
      const [payer, provider, other] = get().world.accounts as [ChainPort, ChainPort, ChainPort];
      return { payer, provider, other, token: get().world.token };
    };
    const configOf = (change: Partial<ChannelConfig> = {}): ChannelConfig => {
      const { payer, provider, token } = parties();
      return {
        payer: payer.account,
        payerAuthorizer: payer.account,
        receiver: provider.account,
        receiverAuthorizer: provider.account,
        token,
        withdrawDelay: DELAY,
        salt: toHex(randomBytes(32)),
        ...change,
      };
    };
    const depositOf = async (amount: bigint) => ({
      amount,
      salt: toHex(randomBytes(32)),
      validBefore: BigInt(await parties().payer.now()) + 10_000n,
    });
    const opened = async (amount: bigint, change: Partial<ChannelConfig> = {}): Promise<ChannelConfig> => {
      const config = configOf(change);
      await parties().payer.depositToChannel(config, await depositOf(amount));
      return config;
    };
    const voucher = async (config: ChannelConfig, ceiling: bigint, by = parties().payer) => ({
      config,
      ceiling,
      signature: await by.signVoucher(config, ceiling),
      claimed: ceiling,
    });
    const balanceOf = (account: Address) => parties().payer.balance(parties().token, account);

    it('a deposit is made once, and is known after it', async () => {
      const { payer, other } = parties();
      const config = configOf();
      expect(await other.channel(config)).toEqual({ balance: 0n, claimed: 0n, withdrawal: null });
      const deposit = await depositOf(500n);
      const { height } = await payer.head!();
      expect(await payer.depositState(config, deposit, height)).toEqual({ state: 'unused' });
      const before = await balanceOf(payer.account);
      const { balance, transaction, block } = await payer.depositToChannel(config, deposit);
      expect(balance).toBe(500n);
      expect(before - (await balanceOf(payer.account))).toBe(500n);
      expect(await payer.depositState(config, deposit, height)).toEqual({
        state: 'made',
        transaction,
        block,
      });
      await refused('E_CHAIN_ALREADY_DONE', payer.depositToChannel(config, deposit));
      expect((await payer.depositToChannel(config, await depositOf(70n))).balance).toBe(570n);
      // Its signature is for this channel and this sum.
      const elsewhere = configOf();
      expect(await payer.depositState(elsewhere, deposit, height)).toEqual({ state: 'unused' });
    });

    it('many vouchers are claimed by their last one, once, by who is paid', async () => {
      const { payer, provider, other, token } = parties();
      const config = await opened(1_000n, { receiver: other.account });
      const vouchers = await Promise.all([10n, 20n, 300n].map((sum) => voucher(config, sum)));
      for (const { ceiling, signature } of vouchers) {
        expect(await provider.isVoucherOf(config, ceiling, signature)).toBe(true);
      }
      await refused('E_CHAIN_NOT_ALLOWED', payer.claimFromChannels([vouchers[2]!]));
      const before = await balanceOf(other.account);
      expect((await provider.claimFromChannels([vouchers[2]!])).claimed).toBe(300n);
      expect((await balanceOf(other.account)) - before).toBe(300n);
      expect(await provider.unsettled(other.account, token)).toBe(0n);
      // Again, and the earlier ones: nothing is paid twice.
      expect((await provider.claimFromChannels(vouchers)).claimed).toBe(0n);
      expect((await balanceOf(other.account)) - before).toBe(300n);
      expect(await payer.channel(config)).toEqual({ balance: 1_000n, claimed: 300n, withdrawal: null });
      // Less than was signed.
      const part = { ...(await voucher(config, 900n)), claimed: 400n };
      expect((await provider.claimFromChannels([part])).claimed).toBe(100n);
      await refused('E_CHAIN_NOTHING_TO_CLAIM', provider.claimFromChannels([]));
    });

    it('a voucher of another channel, sum or key is refused, and so is one beyond the balance', async () => {
      const { payer, provider, other } = parties();
      const [config, second] = [await opened(100n), await opened(100n)];
      const good = await voucher(config, 50n);
      const bad: ChannelClaim[] = [
        { ...good, config: second },
        { ...good, ceiling: 51n, claimed: 51n },
        await voucher(config, 50n, other),
        { ...good, signature: `0x${'00'.repeat(65)}` as const },
        // The same signature as some libraries write it, which contracts do not take.
        {
          ...good,
          signature: `${good.signature.slice(0, -2)}${good.signature.endsWith('1b') ? '00' : '01'}` as Hex,
        },
      ];
      for (const claim of bad) {
        expect(await provider.isVoucherOf(claim.config, claim.ceiling, claim.signature)).toBe(false);
        const error = await provider.claimFromChannels([claim]).then(
          () => null,
          (failure: { code: string }) => failure.code,
        );
        expect(error).toMatch(/^E_CHAIN_(INVALID_SIGNATURE|REVERTED)$/);
        // One that is wrong stops those that it was sent with.
        expect((await payer.channel(config)).claimed).toBe(0n);
      }
      await refused('E_CHAIN_INVALID_PARAMS', provider.claimFromChannels([{ ...good, claimed: 51n }]));
      await refused('E_CHAIN_STAKE_REQUIRED', provider.claimFromChannels([await voucher(config, 101n)]));
      expect(
        (await provider.claimFromChannels([await voucher(config, 100n), await voucher(second, 7n)])).claimed,
      ).toBe(107n);
    });

    it('a payer withdraws after the delay, in which the receiver still claims', async () => {
      const { payer, provider, other, world } = { ...parties(), world: get().world };
      const config = await opened(1_000n);
      const held = await voucher(config, 250n);
      await refused('E_CHAIN_INVALID_PARAMS', other.startWithdrawal(config, 1n));
      await refused('E_CHAIN_INVALID_PARAMS', payer.startWithdrawal(config, 1_001n));
      await refused('E_CHAIN_WRONG_PHASE', payer.finishWithdrawal(config));
      const { availableAt } = await payer.startWithdrawal(config, 1_000n);
      expect((await provider.channel(config)).withdrawal).toEqual({
        amount: 1_000n,
        startedAt: availableAt - DELAY,
        availableAt,
      });
      await refused('E_CHAIN_ALREADY_DONE', payer.startWithdrawal(config, 1n));
      await refused('E_CHAIN_NOT_MATURE', payer.finishWithdrawal(config));
      await provider.claimFromChannels([held]);
      await world.passTime(DELAY + 1);
      await refused('E_CHAIN_NOT_ALLOWED', other.finishWithdrawal(config));
      const before = await balanceOf(payer.account);
      expect((await payer.finishWithdrawal(config)).amount).toBe(750n);
      expect((await balanceOf(payer.account)) - before).toBe(750n);
      expect(await payer.channel(config)).toEqual({ balance: 250n, claimed: 250n, withdrawal: null });
      // Too late: what was not claimed is the payer's again.
      await refused('E_CHAIN_STAKE_REQUIRED', provider.claimFromChannels([await voucher(config, 251n)]));
    });

    it('a receiver gives back what is not claimed, at once', async () => {
      const { payer, provider, other } = parties();
      const config = await opened(1_000n);
      await provider.claimFromChannels([await voucher(config, 100n)]);
      await payer.startWithdrawal(config, 900n);
      await refused('E_CHAIN_NOT_ALLOWED', other.refundChannel(config, 1n));
      const before = await balanceOf(payer.account);
      expect((await provider.refundChannel(config, 300n)).amount).toBe(300n);
      expect((await payer.channel(config)).withdrawal?.amount).toBe(600n);
      expect((await provider.refundChannel(config, 10_000n)).amount).toBe(600n);
      expect((await payer.channel(config)).withdrawal).toBeNull();
      expect((await provider.refundChannel(config, 1n)).amount).toBe(0n);
      expect((await balanceOf(payer.account)) - before).toBe(900n);
    });

    it('a channel without parties, delay or deposit is refused', async () => {
      const { payer } = parties();
      for (const change of [{ receiver: NO_ONE }, { withdrawDelay: 899 }, { withdrawDelay: 2_592_001 }]) {
        await refused(
          'E_CHAIN_INVALID_PARAMS',
          payer.depositToChannel(configOf(change), await depositOf(1n)),
        );
      }
      await refused('E_CHAIN_INVALID_PARAMS', payer.depositToChannel(configOf(), await depositOf(0n)));
      const foreign = configOf({ payer: parties().other.account });
      await refused('E_CHAIN_INVALID_SIGNATURE', payer.depositToChannel(foreign, await depositOf(1n)));
      const { poor } = get().world;
      const poors = configOf({ payer: poor.account, payerAuthorizer: poor.account });
      await refused('E_CHAIN_STAKE_REQUIRED', poor.depositToChannel(poors, await depositOf(1n)));
    });
  });
}
