import { refusal } from '@chorus/chain';
import type { Address, ChannelConfig, ChannelState, Hex } from '@chorus/protocol';

const ZERO: Address = `0x${'00'.repeat(20)}`;
const MOST = (1n << 128n) - 1n;

/** What the rules of channels ask of the rest of the chain. */
export interface ChannelSurroundings {
  /** Pays out what the contract holds. */
  push(token: Address, to: Address, amount: bigint): void;
}

interface Channel {
  config: ChannelConfig;
  balance: bigint;
  claimed: bigint;
  withdrawal: { amount: bigint; startedAt: number } | null;
  refunds: bigint;
}

interface Due {
  receiver: Address;
  token: Address;
  claimed: bigint;
  settled: bigint;
}

/**
 * The rules of payment channels a second time, from the text of x402's scheme `batch-settlement`: what each call changes,
 * to the unit, or the name of the error that it is refused with. Signatures are checked by who calls.
 */
export class ChannelRules {
  readonly #around: ChannelSurroundings;
  #channels = new Map<Hex, Channel>();
  #due = new Map<string, Due>();

  constructor(around: ChannelSurroundings) {
    this.#around = around;
  }

  clone(): ChannelRules {
    const copy = new ChannelRules(this.#around);
    copy.#channels = structuredClone(this.#channels);
    copy.#due = structuredClone(this.#due);
    return copy;
  }

  /** Back to an earlier state, as of a transaction that was refused. */
  restore(earlier: ChannelRules): void {
    this.#channels = earlier.#channels;
    this.#due = earlier.#due;
  }

  /** What the contract owes in a token, to payers and to receivers. */
  owed(token: Address): bigint {
    const open = [...this.#channels.values()].filter(({ config }) => config.token === token);
    const due = [...this.#due.values()].filter((each) => each.token === token);
    return (
      open.reduce((sum, { balance, claimed }) => sum + balance - claimed, 0n) +
      due.reduce((sum, { claimed, settled }) => sum + claimed - settled, 0n)
    );
  }

  state(id: Hex): ChannelState {
    const found = this.#channels.get(id);
    if (!found) return { balance: 0n, claimed: 0n, withdrawal: null };
    const { balance, claimed, withdrawal, config } = found;
    return {
      balance,
      claimed,
      withdrawal: withdrawal && { ...withdrawal, availableAt: withdrawal.startedAt + config.withdrawDelay },
    };
  }

  refundNonce(id: Hex): bigint {
    return this.#channels.get(id)?.refunds ?? 0n;
  }

  due(receiver: Address, token: Address): bigint {
    const { claimed, settled } = this.#dueOf(receiver, token);
    return claimed - settled;
  }

  /** @param arrived what the collector delivered */
  deposit(id: Hex, config: ChannelConfig, amount: bigint, arrived: () => bigint): bigint {
    const action = 'deposit into a channel';
    const parties = [config.payer, config.receiver, config.receiverAuthorizer, config.token];
    if (parties.includes(ZERO)) throw refusal('InvalidChannel', action);
    if (config.withdrawDelay < 900 || config.withdrawDelay > 30 * 86_400) {
      throw refusal('WithdrawDelayOutOfRange', action);
    }
    if (amount === 0n) throw refusal('ZeroDeposit', action);
    const channel = this.#of(id, config);
    if (channel.balance + amount > MOST) throw refusal('DepositOverflow', action);
    if (arrived() !== amount) throw refusal('DepositCollectionFailed', action);
    channel.balance += amount;
    this.#channels.set(id, channel);
    return channel.balance;
  }

  /** @param isSigned whether the channel's key has signed the ceiling */
  claim(
    id: Hex,
    { config, ceiling, claimed }: { config: ChannelConfig; ceiling: bigint; claimed: bigint },
    isSigned: boolean,
  ): bigint {
    const action = 'claim from channels';
    const channel = this.#of(id, config);
    if (claimed <= channel.claimed) return 0n;
    if (claimed > ceiling) throw refusal('ClaimExceedsCeiling', action);
    if (claimed > channel.balance) throw refusal('ClaimExceedsBalance', action);
    if (!isSigned) throw refusal('InvalidSignature', action);
    const more = claimed - channel.claimed;
    channel.claimed = claimed;
    const due = this.#dueOf(config.receiver, config.token);
    due.claimed += more;
    this.#due.set(keyOf(config.receiver, config.token), due);
    return more;
  }

  settle(receiver: Address, token: Address): bigint {
    const due = this.#dueOf(receiver, token);
    const amount = due.claimed - due.settled;
    if (amount === 0n) return 0n;
    due.settled = due.claimed;
    this.#around.push(token, receiver, amount);
    return amount;
  }

  startWithdrawal(id: Hex, config: ChannelConfig, by: Address, amount: bigint, now: number): number {
    const action = 'start a withdrawal from a channel';
    if (by !== config.payer && by !== config.payerAuthorizer) throw refusal('InvalidChannel', action);
    if (amount === 0n) throw refusal('NothingToWithdraw', action);
    const channel = this.#of(id, config);
    if (channel.withdrawal) throw refusal('WithdrawalAlreadyPending', action);
    if (amount > channel.balance - channel.claimed) throw refusal('WithdrawAmountExceedsAvailable', action);
    channel.withdrawal = { amount, startedAt: now };
    return now + config.withdrawDelay;
  }

  finishWithdrawal(id: Hex, config: ChannelConfig, by: Address, now: number): bigint {
    const action = 'end a withdrawal from a channel';
    if (by !== config.payer && by !== config.payerAuthorizer) {
      throw refusal('NotAuthorizedToFinalizeWithdraw', action);
    }
    const channel = this.#of(id, config);
    const { withdrawal } = channel;
    if (!withdrawal) throw refusal('WithdrawalNotPending', action);
    if (now < withdrawal.startedAt + config.withdrawDelay) throw refusal('WithdrawDelayNotElapsed', action);
    channel.withdrawal = null;
    const amount = least(withdrawal.amount, channel.balance - channel.claimed);
    channel.balance -= amount;
    if (amount > 0n) this.#around.push(config.token, config.payer, amount);
    return amount;
  }

  refund(id: Hex, config: ChannelConfig, amount: bigint): bigint {
    if (amount === 0n) throw refusal('ZeroRefund', 'refund a channel');
    const channel = this.#of(id, config);
    channel.refunds++;
    this.#channels.set(id, channel);
    const given = least(amount, channel.balance - channel.claimed);
    if (given === 0n) return 0n;
    channel.balance -= given;
    const { withdrawal } = channel;
    if (withdrawal && given >= withdrawal.amount) channel.withdrawal = null;
    else if (withdrawal) withdrawal.amount -= given;
    this.#around.push(config.token, config.payer, given);
    return given;
  }

  #of(id: Hex, config: ChannelConfig): Channel {
    return this.#channels.get(id) ?? { config, balance: 0n, claimed: 0n, withdrawal: null, refunds: 0n };
  }

  #dueOf(receiver: Address, token: Address): Due {
    return this.#due.get(keyOf(receiver, token)) ?? { receiver, token, claimed: 0n, settled: 0n };
  }
}

const keyOf = (receiver: Address, token: Address) => `${receiver} ${token}`.toLowerCase();
const least = (a: bigint, b: bigint) => (a < b ? a : b);

/** Whether an account may claim and refund. */
export const isOfReceiver = (by: Address, config: ChannelConfig): boolean =>
  by === config.receiver || by === config.receiverAuthorizer;
