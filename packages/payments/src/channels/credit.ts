import type { ChannelConfig, ChannelDeposit, Hex } from '@chorus/protocol';

/**
 * How far a channel of this account is. `opening`: its first deposit was signed, and may have been made; `open`: it pays for
 * calls; `closing`: a withdrawal was started; `closed`: what was left has been paid back.
 */
export type CreditState = 'opening' | 'open' | 'closing' | 'closed';

/** A deposit that may have been made: at `fromBlock` it was not. */
export type BegunDeposit = ChannelDeposit & { fromBlock: number };

/** A channel that this account pays from. Sums in the token's smallest unit. */
export interface Credit {
  id: Hex;
  chainId: number;
  config: ChannelConfig;
  /** The address by which the agent was called when it was opened. */
  agent: string;
  /** What a call cost then: a dearer one, or one of another agent, is not paid from it without the user's word. */
  price: bigint;
  state: CreditState;
  /** Everything that was paid in, less what was paid back. */
  balance: bigint;
  /** What answered calls have cost: the next voucher states this, what is open, and its own call. */
  charged: bigint;
  /** A deposit of which the outcome is not written down yet. */
  deposit: BegunDeposit | null;
  /** ms since 1970. */
  at: number;
  /** Unix seconds from which the withdrawal can be ended; null: none was started. */
  availableAt: number | null;
  /** The last transaction. */
  transaction: Hex | null;
}
