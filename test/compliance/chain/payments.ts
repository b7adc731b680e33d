import { randomBytes } from 'node:crypto';
import {
  type ChainPort,
  type Hex,
  type SignedTransfer,
  type TransferAuthorization,
  toHex,
} from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused } from './fixture.ts';

/** Payments by signature (EIP-3009): the payer signs, the payee sends. */
export function describePayments(get: () => Fixture): void {
  describe('payments by signature', () => {
    const accounts = () => {
      const [payer, payee, other] = get().world.accounts as [ChainPort, ChainPort, ChainPort];
      return { payer, payee, other, token: get().world.token };
    };
    const transfer = async (
      change: Partial<TransferAuthorization> = {},
      from: ChainPort = accounts().payer,
    ): Promise<SignedTransfer> => {
      const { payee, token } = accounts();
      const now = BigInt(await payee.now());
      return from.signTransfer({
        token,
        to: payee.account,
        value: 7n,
        validAfter: now - 600n,
        validBefore: now + 600n,
        nonce: toHex(randomBytes(32)),
        ...change,
      });
    };

    it('a signed transfer is made once, and anyone may send it', async () => {
      const { payer, payee, other, token } = accounts();
      const signed = await transfer();
      const before = await payee.balance(token, payee.account);
      const spent = await payer.balance(token, payer.account);
      const { block: height } = await payee.tryTransfer(signed);
      expect(await payee.transferState(signed, height)).toEqual({ state: 'unused' });
      const { transaction, block } = await other.sendTransfer(signed);
      expect((await payee.balance(token, payee.account)) - before).toBe(7n);
      expect(spent - (await payer.balance(token, payer.account))).toBe(7n);
      expect(await payee.transferState(signed, height)).toEqual({ state: 'made', transaction, block });
      await refused('E_CHAIN_ALREADY_DONE', payee.tryTransfer(signed));
      await refused('E_CHAIN_ALREADY_DONE', payee.sendTransfer(signed));
      expect((await payee.balance(token, payee.account)) - before).toBe(7n);
    });

    it('a nonce that paid someone else, or another sum, has not paid this', async () => {
      const { payer, payee, other } = accounts();
      const nonce = toHex(randomBytes(32));
      const signed = await transfer({ nonce });
      const { block: height } = await payee.tryTransfer(signed);
      await other.sendTransfer(await transfer({ nonce, to: other.account }));
      expect(await payee.transferState(signed, height)).toEqual({ state: 'void' });
      await refused('E_CHAIN_ALREADY_DONE', payee.sendTransfer(signed));
      const small = await transfer({ value: 1n });
      await payee.sendTransfer(small);
      expect(await payee.transferState({ ...small, value: 2n }, height)).toEqual({ state: 'void' });
      // Nonces are each payer's own.
      expect(await payee.transferState({ ...signed, from: payee.account }, height)).toEqual({
        state: 'unused',
      });
      expect(payer.account).toBe(signed.from);
    });

    it.each<[string, (signed: SignedTransfer) => SignedTransfer]>([
      ['more by one', (signed) => ({ ...signed, value: signed.value + 1n })],
      ['another payee', (signed) => ({ ...signed, to: signed.from })],
      ['another payer', (signed) => ({ ...signed, from: accounts().other.account })],
      ['a later end', (signed) => ({ ...signed, validBefore: signed.validBefore + 1n })],
      ['another nonce', (signed) => ({ ...signed, nonce: `0x${'11'.repeat(32)}` as Hex })],
      ['no signature', (signed) => ({ ...signed, signature: '0x' as Hex })],
    ])('a transfer that says %s than what was signed is refused', async (_, alter) => {
      const { payee } = accounts();
      const altered = alter(await transfer());
      await refused('E_CHAIN_INVALID_SIGNATURE', payee.tryTransfer(altered));
      await refused('E_CHAIN_INVALID_SIGNATURE', payee.sendTransfer(altered));
    });

    it('a transfer out of its time, or without the balance, is refused', async () => {
      const { payee } = accounts();
      const now = BigInt(await payee.now());
      await refused(
        'E_CHAIN_INVALID_SIGNATURE',
        payee.tryTransfer(await transfer({ validBefore: now - 1n })),
      );
      await refused(
        'E_CHAIN_INVALID_SIGNATURE',
        payee.tryTransfer(await transfer({ validAfter: now + 500n })),
      );
      await refused('E_CHAIN_STAKE_REQUIRED', payee.tryTransfer(await transfer({}, get().world.poor)));
    });
  });
}
