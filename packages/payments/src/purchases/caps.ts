import { type Address, ChorusError } from '@chorus/protocol';
import type { Purchase } from './purchase.ts';

/** A sum in a token, to its smallest unit, and as the owner wrote it. */
export interface Cap {
  token: Address;
  units: bigint;
  text: string;
}

/** What the owner allows to be spent; null: not limited. */
export interface Caps {
  perCall: Cap | null;
  perDay: Cap | null;
  perAgentDay: Cap | null;
  approveAbove: Cap | null;
}

export interface Wish {
  agent: string;
  token: Address;
  amount: bigint;
  /** The most that the user allows for this call; null: what is prepaid needs no word of its own. */
  most: Cap | null;
  /** The user has said yes to the price. */
  approved: boolean;
}

/**
 * Whether a call may be paid: never more than its user allows, nor than the owner does. A cap in one token allows
 * nothing in another.
 * @param ofDay purchases of the last 24 hours
 * @throws ChorusError `E_PAYMENT_CAP`, `E_PAYMENT_APPROVAL`
 */
export function checkCaps(caps: Caps, wish: Wish, ofDay: readonly Purchase[]): void {
  const { agent, token, amount } = wish;
  const spent = (which: (purchase: Purchase) => boolean) =>
    ofDay
      .filter((purchase) => purchase.token === token && which(purchase))
      .reduce((sum, purchase) => sum + purchase.amount, 0n);
  check(wish.most, 'the call costs more than you allow', '--pay', token, amount);
  check(caps.perCall, 'the call costs more than one call may', 'agents.spend.perCall', token, amount);
  const all = spent(() => true) + amount;
  check(caps.perDay, 'with this call the day costs more than it may', 'agents.spend.perDay', token, all);
  const own = spent((purchase) => purchase.agent === agent) + amount;
  check(
    caps.perAgentDay,
    'with this call this agent costs more than it may in a day',
    'agents.spend.perAgentDay',
    token,
    own,
  );
  const { approveAbove } = caps;
  if (approveAbove && !wish.approved && (approveAbove.token !== token || amount > approveAbove.units)) {
    throw new ChorusError('E_PAYMENT_APPROVAL', 'a call of this price needs your consent', {
      facts: { amount, token, most: approveAbove.text },
      hint: 'say yes to it, or call with --yes',
    });
  }
}

function check(cap: Cap | null, message: string, setting: string, token: Address, units: bigint): void {
  if (!cap || (cap.token === token && units <= cap.units)) return;
  throw new ChorusError(
    'E_PAYMENT_CAP',
    cap.token === token ? message : 'the call is paid in another token',
    {
      facts: { amount: units, token, most: cap.text },
      hint: `raise ${setting} if you agree`,
    },
  );
}
