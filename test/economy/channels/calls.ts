import { refusal } from '@chorus/chain';
import type { Address, ChannelConfig, Hex } from '@chorus/protocol';
import type { Contract } from 'ethers';
import { toBeHex, zeroPadValue } from 'ethers';
import { type ChannelRules, isOfReceiver } from '../../twins/ledger/channels.ts';
import { bagOf, type Call } from '../rule-call.ts';
import { addressOf, type ChannelsWorld, type ClaimRow, rowArgs } from './world.ts';

const NO_ONE: Address = `0x${'00'.repeat(20)}`;

/** How often each call is drawn. */
const BAG = bagOf({
  deposit: 6,
  claim: 8,
  claimWithSignature: 3,
  settle: 4,
  initiateWithdraw: 4,
  finalizeWithdraw: 5,
  refund: 2,
  refundWithSignature: 2,
  multicall: 3,
  ownTransfer: 1,
});

export interface Table {
  world: ChannelsWorld;
  configs: readonly ChannelConfig[];
  model: ChannelRules;
  /** What accounts have of tokens, by the rules. */
  money: { move(token: Address, from: Address, to: Address, amount: bigint): void };
  random: () => number;
}

/** Draws calls, mostly such as can be carried out. */
export function dealer({ world, configs, model, money, random }: Table): () => Call {
  const { accounts, channels, collector, sign, idOf, tokens } = world;
  const names = accounts.map(({ address }) => address as Address);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const number = (address: Address) => names.indexOf(address);
  const contract = addressOf(channels);
  let salts = 0;

  /** A sum at, just below or above, or far from another one. */
  const near = (sum: bigint): bigint => {
    const drawn = pick([sum, sum - 1n, sum + 1n, BigInt(below(Number(sum % 1_000_000n) + 2)), sum / 2n]);
    return drawn < 0n ? 0n : drawn;
  };
  const signerOf = ({ payer, payerAuthorizer }: ChannelConfig) =>
    number(payerAuthorizer === NO_ONE ? payer : payerAuthorizer);

  const row = (config: ChannelConfig): { row: ClaimRow; isSigned: boolean } => {
    const { balance, claimed } = model.state(idOf(config));
    const total = near(claimed + (balance - claimed) / BigInt(1 + below(4)));
    const ceiling = random() < 0.85 ? total + BigInt(below(50)) : near(total);
    const honest = random() < 0.92;
    const signer = honest ? signerOf(config) : below(names.length);
    const about = honest || random() < 0.5 ? config : pick(configs);
    const isSigned = signer === signerOf(config) && idOf(about) === idOf(config);
    const signature = sign.voucher(signer, about, ceiling);
    return { row: { config, ceiling, claimed: total, signature }, isSigned };
  };
  /** All or nothing. */
  const claimAll = (rows: { row: ClaimRow; isSigned: boolean }[]): void => {
    const before = model.clone();
    try {
      for (const { row, isSigned } of rows) model.claim(idOf(row.config), row, isSigned);
    } catch (error) {
      model.restore(before);
      throw error;
    }
  };

  return () => {
    const pending = configs.filter((each) => model.state(idOf(each)).withdrawal);
    const config = random() < 0.2 && pending.length > 0 ? pick(pending) : pick(configs);
    const id = idOf(config);
    const { balance, claimed } = model.state(id);
    const left = balance - claimed;
    const any = below(names.length);
    const call = (
      method: string,
      args: unknown[],
      account: number,
      expected: Call['expected'],
      on: Contract = channels,
    ): Call => ({ name: method, contract: on, method, args, account, expected });
    const byReceiver = random() < 0.85 ? number(pick([config.receiver, config.receiverAuthorizer])) : any;
    const byPayer = random() < 0.85 ? number(config.payer) : any;
    const kinds = {
      deposit: () => {
        const amount = pick([0n, 1n, BigInt(below(100_000)), BigInt(below(100_000)), 1n << 127n]);
        const odd = random() < 0.06 ? { ...config, withdrawDelay: pick([0, 899, 2_592_001]) } : config;
        const salt = zeroPadValue(toBeHex(++salts), 32) as Hex;
        const signer = random() < 0.93 ? number(config.payer) : any;
        const data = sign.deposit(signer, odd, amount, salt);
        const args = [odd, amount, collector.target, data];
        return call(
          'deposit',
          args,
          any,
          () =>
            void model.deposit(idOf(odd), odd, amount, () => {
              if (signer !== number(config.payer)) throw refusal('ERC3009InvalidSignature', 'deposit');
              money.move(odd.token, odd.payer, contract, amount);
              return amount;
            }),
        );
      },
      claim: () => {
        const rows = Array.from({ length: 1 + below(3) }, () => row(random() < 0.6 ? config : pick(configs)));
        return call('claim', [rows.map(({ row }) => rowArgs(row))], byReceiver, () => {
          const before = model.clone();
          try {
            for (const each of rows) {
              if (!isOfReceiver(names[byReceiver]!, each.row.config))
                throw refusal('NotAuthorizedToClaim', 'claim');
              claimAll([each]);
            }
          } catch (error) {
            model.restore(before);
            throw error;
          }
        });
      },
      claimWithSignature: () => {
        const same = configs.filter((each) => each.receiverAuthorizer === config.receiverAuthorizer);
        const rows = Array.from({ length: below(3) }, () => row(random() < 0.9 ? pick(same) : pick(configs)));
        const first = rows[0]?.row.config.receiverAuthorizer;
        const signer = first && random() < 0.9 ? number(first) : any;
        const signature = sign.batch(
          signer,
          rows.map(({ row }) => row),
        );
        return call('claimWithSignature', [rows.map(({ row }) => rowArgs(row)), signature], any, () => {
          if (rows.length === 0) throw refusal('EmptyBatch', 'claim');
          if (names[signer] !== first) throw refusal('InvalidSignature', 'claim');
          const before = model.clone();
          try {
            for (const each of rows) {
              if (each.row.config.receiverAuthorizer !== first)
                throw refusal('NotReceiverAuthorizer', 'claim');
              claimAll([each]);
            }
          } catch (error) {
            model.restore(before);
            throw error;
          }
        });
      },
      settle: () =>
        call(
          'settle',
          [config.receiver, config.token],
          any,
          () => void model.settle(config.receiver, config.token),
        ),
      initiateWithdraw: () => {
        const amount = near(left);
        return call(
          'initiateWithdraw',
          [config, amount],
          byPayer,
          (now) => void model.startWithdrawal(id, config, names[byPayer]!, amount, now),
        );
      },
      finalizeWithdraw: () =>
        call(
          'finalizeWithdraw',
          [config],
          byPayer,
          (now) => void model.finishWithdrawal(id, config, names[byPayer]!, now),
        ),
      refund: () => {
        const amount = near(left);
        return call('refund', [config, amount], byReceiver, () => {
          if (!isOfReceiver(names[byReceiver]!, config)) throw refusal('NotAuthorizedToRefund', 'refund');
          model.refund(id, config, amount);
        });
      },
      refundWithSignature: () => {
        const amount = near(left);
        const nonce = model.refundNonce(id) + (random() < 0.9 ? 0n : 1n);
        const signer = random() < 0.9 ? number(config.receiverAuthorizer) : any;
        const signature = sign.refund(signer, config, nonce, amount);
        return call('refundWithSignature', [config, amount, nonce, signature], any, () => {
          if (nonce !== model.refundNonce(id)) throw refusal('InvalidRefundNonce', 'refund');
          if (names[signer] !== config.receiverAuthorizer) throw refusal('InvalidSignature', 'refund');
          model.refund(id, config, amount);
        });
      },
      multicall: () => {
        // As nodes claim: the voucher, and what it brings at once.
        const each = row(config);
        const calls = [
          channels.interface.encodeFunctionData('claim', [[rowArgs(each.row)]]),
          channels.interface.encodeFunctionData('settle', [config.receiver, config.token]),
        ];
        return call('multicall', [calls], byReceiver, () => {
          if (!isOfReceiver(names[byReceiver]!, config)) throw refusal('NotAuthorizedToClaim', 'claim');
          claimAll([each]);
          model.settle(config.receiver, config.token);
        });
      },
      ownTransfer: () => {
        const token = pick(tokens);
        const amount = BigInt(below(1_000));
        const to = pick(names);
        return call(
          'transfer',
          [to, amount],
          any,
          () => money.move(addressOf(token), names[any]!, to, amount),
          token,
        );
      },
    } satisfies Record<(typeof BAG)[number], () => Call>;
    return kinds[pick(BAG)]();
  };
}
