import { randomBytes } from 'node:crypto';
import {
  type Address,
  type ChannelChain,
  type ChannelConfig,
  ChorusError,
  type HeadChain,
  type Hex,
  hasCode,
  isOutcomeUnknown,
  toHex,
} from '@chorus/protocol';
import pLimit from 'p-limit';
import { channelOf, networkOf } from '../wire/headers.ts';
import type { BegunDeposit, Credit } from './credit.ts';
import type { CreditsStore } from './credits-store.ts';

/** How long a signed deposit can be sent, seconds. */
const DEPOSIT_SECONDS = 3_600;
/** After its end: the last block in which it could have been made is known by then. */
const SETTLED_SECONDS = 120;

type Chain = ChannelChain &
  Pick<HeadChain, 'now' | 'head'> & { readonly chainId: number; readonly account: Address };

export interface CreditsOptions {
  store: CreditsStore;
  chain: Chain;
  /** Tokens that may be spent, in lower case. */
  tokens: readonly Address[];
}

/** What a channel is to be opened for. */
export interface CreditOffer {
  agent: string;
  /** What the agent accepts, as it has signed it in its card: entries of x402. */
  accepts: readonly unknown[];
}

/**
 * Channels that this account pays its calls from. Each step can be repeated after a crash at any moment: what was sent is
 * found, and nothing is paid in, or back, twice.
 */
export class Credits {
  readonly store: CreditsStore;
  readonly #options: CreditsOptions;
  /** One step of one channel at a time. */
  readonly #inTurn = pLimit(1);

  constructor(options: CreditsOptions) {
    this.#options = options;
    this.store = options.store;
  }

  /**
   * The channel that would be opened; the one that is being opened, or is open, if there is one.
   * @throws ChorusError `E_PAYMENT_OFFER` if the agent takes none that this account can pay into; `E_CHAIN_NO_CHANNELS`
   */
  async find(offer: CreditOffer): Promise<Credit | { config: ChannelConfig; price: bigint }> {
    const { chain, tokens } = this.#options;
    if (!(await chain.channelContracts())) {
      throw new ChorusError('E_CHAIN_NO_CHANNELS', 'this network has no payment channels', {
        hint: 'calls are paid one by one: chorus agent call ... --pay',
      });
    }
    const entries = offer.accepts.slice(0, 16).flatMap((entry) => channelOf(entry) ?? []);
    const entry = entries.find(
      ({ network, asset }) => network === networkOf(chain.chainId) && tokens.includes(asset),
    );
    if (!entry) {
      throw new ChorusError(
        'E_PAYMENT_OFFER',
        'the agent takes no prepaid channel that this node can pay into',
        {
          facts: { network: networkOf(chain.chainId), tokens: tokens.join(' ') },
          hint: 'pay it call by call: chorus agent call ... --pay; or add its token to agents.tokens if you trust it',
        },
      );
    }
    const { receiverAuthorizer, withdrawDelay } = entry.extra;
    const known = this.store.between(entry.payTo, receiverAuthorizer, entry.asset, chain.chainId);
    const usable = known.find(({ state }) => state !== 'closing');
    if (usable) return usable;
    return {
      price: entry.amount,
      config: {
        payer: chain.account.toLowerCase() as Address,
        payerAuthorizer: chain.account.toLowerCase() as Address,
        receiver: entry.payTo,
        receiverAuthorizer,
        token: entry.asset,
        withdrawDelay,
        salt: toHex(randomBytes(32)),
      },
    };
  }

  /** Open a channel with a first deposit, or go on with one that was begun. @throws ChorusError `E_CHAIN_*`, `E_PAYMENT_*` */
  open(offer: CreditOffer, amount: bigint): Promise<Credit> {
    return this.#inTurn(async () => {
      const found = await this.find(offer);
      if ('state' in found) return this.#finishDeposit(unlessOpen(found));
      const { chain } = this.#options;
      const credit: Credit = {
        id: await chain.channelId(found.config),
        chainId: chain.chainId,
        config: found.config,
        agent: offer.agent,
        price: found.price,
        state: 'opening',
        balance: 0n,
        charged: 0n,
        deposit: await this.#newDeposit(amount),
        at: Date.now(),
        availableAt: null,
        transaction: null,
      };
      this.store.begin(credit);
      return this.#finishDeposit(credit, 'first');
    });
  }

  /** Pay more into an open channel; a deposit that was begun before is finished instead. */
  add(id: Hex, amount: bigint): Promise<Credit> {
    return this.#inTurn(async () => {
      const credit = this.#find(id);
      if (credit.deposit) return this.#finishDeposit(credit);
      mustBeOpen(credit);
      const deposit = await this.#newDeposit(amount);
      this.store.depositing(id, deposit);
      return this.#finishDeposit({ ...credit, deposit }, 'first');
    });
  }

  /** Take back what is not claimed: start a withdrawal; end it when its delay is over. */
  close(id: Hex): Promise<Credit> {
    return this.#inTurn(async () => {
      let credit = this.#find(id);
      if (credit.deposit) credit = await this.#finishDeposit(credit);
      const { chain } = this.#options;
      const { balance, claimed, withdrawal } = await chain.channel(credit.config);
      if (withdrawal === null) {
        // It was ended, or the seller has given everything back, or claimed all.
        if (balance === claimed) return this.#note(credit, 'closed', balance, null, null);
        this.#note(credit, 'closing', balance, null, null);
        const { availableAt, transaction } = await chain.startWithdrawal(credit.config, balance - claimed);
        return this.#note(credit, 'closing', balance, availableAt, transaction);
      }
      if ((await chain.now()) < withdrawal.availableAt) {
        return this.#note(credit, 'closing', balance, withdrawal.availableAt, null);
      }
      const { amount, transaction } = await chain.finishWithdrawal(credit.config);
      return this.#note(credit, 'closed', balance - amount, null, transaction);
    });
  }

  /** A channel by its id, or by the beginning of it. @throws ChorusError `E_PAYMENT_UNKNOWN` */
  named(text: string): Credit {
    const all = this.store.list().filter(({ id }) => id.startsWith(text.toLowerCase()));
    if (all.length === 1) return all[0]!;
    throw new ChorusError(
      'E_PAYMENT_UNKNOWN',
      all.length === 0 ? 'there is no such channel' : 'several channels begin so',
      {
        facts: { given: text.slice(0, 70) },
        hint: 'chorus credits show lists the channels of this wallet',
      },
    );
  }

  #find(id: Hex): Credit {
    const credit = this.store.find(id);
    if (credit) return credit;
    throw new ChorusError('E_PAYMENT_UNKNOWN', 'there is no such channel', { facts: { channel: id } });
  }

  async #newDeposit(amount: bigint): Promise<BegunDeposit> {
    const { chain } = this.#options;
    const [now, head] = await Promise.all([chain.now(), chain.head?.()]);
    return {
      amount,
      salt: toHex(randomBytes(32)),
      validBefore: BigInt(now + DEPOSIT_SECONDS),
      fromBlock: head?.height ?? 0,
    };
  }

  /** Send a deposit that is written down, unless it was made before. @param tries whether it was never sent yet */
  async #finishDeposit(credit: Credit, tries: 'first' | 'later' = 'later'): Promise<Credit> {
    const { chain } = this.#options;
    const { id, config, deposit } = credit;
    if (!deposit) return credit;
    const found = await chain.depositState(config, deposit, deposit.fromBlock);
    if (found.state === 'made') return this.#deposited(id, found.transaction);
    const over = BigInt(await chain.now()) > deposit.validBefore + BigInt(SETTLED_SECONDS);
    if (found.state === 'void' || over) {
      this.store.notDeposited(id);
      throw new ChorusError(
        'E_PAYMENT_CHANNEL',
        'the deposit that was begun was not made in time, and cannot be any more',
        {
          facts: { channel: id },
          hint: 'nothing was paid: repeat the command to begin another one',
        },
      );
    }
    try {
      const { transaction } = await chain.depositToChannel(config, deposit);
      return await this.#deposited(id, transaction);
    } catch (error) {
      if (hasCode(error, 'E_CHAIN_ALREADY_DONE')) {
        const late = await chain.depositState(config, deposit, deposit.fromBlock);
        if (late.state === 'made') return this.#deposited(id, late.transaction);
      }
      // Refused for certain, such as for want of the token: it is not kept for the next command. One that was sent before may
      // still be made: who forgets its channel could not find the money.
      const isRefused = !isOutcomeUnknown(error) && !hasCode(error, 'E_CHAIN_UNREACHABLE');
      if (isRefused && tries === 'first') this.store.notDeposited(id);
      throw error;
    }
  }

  async #deposited(id: Hex, transaction: Hex): Promise<Credit> {
    const { balance } = await this.#options.chain.channel(this.#find(id).config);
    this.store.deposited(id, balance, transaction);
    return this.#find(id);
  }

  #note(
    { id }: Credit,
    state: Credit['state'],
    balance: bigint,
    availableAt: number | null,
    transaction: Hex | null,
  ): Credit {
    this.store.read(id, state, balance, availableAt, transaction);
    return this.#find(id);
  }
}

/** The channel, of which the first deposit is to be finished. @throws ChorusError `E_PAYMENT_CHANNEL` if it is open */
export function unlessOpen(credit: Credit): Credit {
  const { id, state } = credit;
  if (state === 'opening') return credit;
  throw new ChorusError('E_PAYMENT_CHANNEL', 'a channel to this agent is open', {
    facts: { channel: id, state },
    hint: `pay more into it: chorus credits add ${id.slice(0, 10)} SUM`,
  });
}

/** @throws ChorusError `E_PAYMENT_CHANNEL` */
export function mustBeOpen({ id, state }: Credit): void {
  if (state === 'open') return;
  throw new ChorusError('E_PAYMENT_CHANNEL', 'the channel is not open', {
    facts: { channel: id, state },
    hint: 'chorus credits show says how far it is',
  });
}
