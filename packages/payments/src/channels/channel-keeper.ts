import {
  type ChannelChain,
  type ChannelClaim,
  type Hex,
  isOutcomeUnknown,
  MOST_CLAIMS,
} from '@chorus/protocol';
import pLimit from 'p-limit';
import { type HeldChannel, unclaimedIn } from './held-channel.ts';
import type { HeldChannels } from './held-channels.ts';

/** When vouchers are claimed without being asked. */
export interface ClaimRules {
  /** Of a channel, when this number of its calls waits. */
  calls: number;
  /** Of a channel with fewer calls, when the first of them has waited so long, ms. */
  milliseconds: number;
}

export interface ChannelKeeperOptions {
  channels: HeldChannels;
  chain: ChannelChain;
  rules: ClaimRules;
  /** Whether the owner's limits allow the gas of a claim that can wait. */
  mayPayGas(): boolean;
  onClaimed?: (claimed: Claimed) => void;
  /** Called with what kept a claim from being made; it is tried again. */
  onError?: (error: unknown) => void;
}

/** One transaction of claims. */
export interface Claimed {
  transaction: Hex;
  /** In the token's smallest unit, by token. */
  amounts: ReadonlyMap<string, bigint>;
  channels: number;
}

/**
 * Claims what vouchers are worth, many in one transaction: when enough of them wait, when they have waited long enough, and
 * at once if their payer withdraws. A claim states the sum of everything, so that one that was made twice, or by a process
 * that died, pays nothing twice.
 */
export class ChannelKeeper {
  readonly #options: ChannelKeeperOptions;
  readonly #inTurn = pLimit(1);

  constructor(options: ChannelKeeperOptions) {
    this.#options = options;
  }

  /** Look at all channels of which something is not claimed, and claim what is due. */
  watch(): Promise<Claimed[]> {
    return this.#inTurn(() => this.#claim((channel) => this.#isDue(channel), false));
  }

  /** Claim everything now. @throws ChorusError of the chain */
  claimAll(): Promise<Claimed[]> {
    return this.#inTurn(() => this.#claim(() => true, true));
  }

  async #claim(isDue: (channel: HeldChannel) => boolean, throws: boolean): Promise<Claimed[]> {
    const { channels, onError } = this.#options;
    const due: HeldChannel[] = [];
    const fail = (error: unknown) => {
      if (throws) throw error;
      onError?.(error);
    };
    for (const { id } of channels.unclaimed()) {
      try {
        const channel = await this.#read(id);
        if (channel && unclaimedIn(channel) > 0n && isDue(channel)) due.push(channel);
      } catch (error) {
        fail(error);
      }
    }
    const done: Claimed[] = [];
    // Those whose payer withdraws first.
    due.sort((a, b) => (a.closingAt ?? Number.MAX_SAFE_INTEGER) - (b.closingAt ?? Number.MAX_SAFE_INTEGER));
    for (let from = 0; from < due.length; from += MOST_CLAIMS) {
      const batch = due.slice(from, from + MOST_CLAIMS);
      try {
        done.push(await this.#send(batch));
      } catch (error) {
        // One that the chain refuses must not keep the others from being claimed.
        if (batch.length === 1 || isOutcomeUnknown(error)) fail(error);
        else done.push(...(await this.#sendEach(batch)));
      }
    }
    return done;
  }

  /** What the chain says, written down. */
  async #read(id: Hex): Promise<HeldChannel | null> {
    const { channels, chain } = this.#options;
    const known = channels.find(id);
    if (!known) return null;
    channels.read(id, { ...(await chain.channel(known.config)), readAt: Date.now() });
    return channels.find(id);
  }

  async #sendEach(batch: readonly HeldChannel[]): Promise<Claimed[]> {
    const done: Claimed[] = [];
    for (const channel of batch) {
      try {
        done.push(await this.#send([channel]));
      } catch (error) {
        this.#options.onError?.(error);
      }
    }
    return done;
  }

  async #send(due: readonly HeldChannel[]): Promise<Claimed> {
    const { chain, channels, onClaimed } = this.#options;
    const { transaction } = await chain.claimFromChannels(due.map(claimOf));
    channels.claimedIn(
      due.map(({ id }) => id),
      transaction,
    );
    const amounts = new Map<string, bigint>();
    for (const channel of due) {
      const { token } = channel.config;
      amounts.set(token, (amounts.get(token) ?? 0n) + unclaimedIn(channel));
    }
    for (const { id } of due) await this.#read(id).catch((error) => this.#options.onError?.(error));
    const claimed = { transaction, amounts, channels: due.length };
    onClaimed?.(claimed);
    return claimed;
  }

  #isDue({ closingAt, waiting, waitingSince }: HeldChannel): boolean {
    // What was earned would be lost: this does not wait for the limit of the day.
    if (closingAt !== null) return true;
    const { rules, mayPayGas } = this.#options;
    const waited = Date.now() - (waitingSince ?? Date.now());
    return (waiting >= rules.calls || waited >= rules.milliseconds) && mayPayGas();
  }
}

/** What was charged, as far as it is still in the channel. */
const claimOf = ({ config, ceiling, signature, charged, balance, claimed }: HeldChannel): ChannelClaim => ({
  config,
  ceiling,
  signature,
  claimed: claimed + unclaimedIn({ charged, balance, claimed }),
});
