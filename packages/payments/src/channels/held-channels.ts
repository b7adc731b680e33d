import type { DatabaseSync } from 'node:sqlite';
import type { Address, Hex } from '@chorus/protocol';
import type { PaymentDatabase } from '../store/payment-database.ts';
import { configOfText, configText } from './config-text.ts';
import { type HeldChannel, type ReadState, unclaimedIn } from './held-channel.ts';
import { larger } from './larger.ts';
import type { SignedVoucher } from './voucher.ts';

/** Vouchers that are remembered of a channel: later ones may arrive in another order than they were signed in. */
const MOST_VOUCHERS = 1_024;
/** Channels that are kept, about 1 KB each. Of those of which nothing is left to claim, the oldest are forgotten. */
const MOST_CHANNELS = 20_000;
/** Digits of the largest sum: sums sort as text. */
const DIGITS = 39;

/** Channels that this node holds vouchers of, in the node's store. */
export class HeldChannels {
  readonly #store: PaymentDatabase;

  constructor(store: PaymentDatabase) {
    this.#store = store;
  }

  find(id: Hex): HeldChannel | null {
    const row = this.#db.prepare('SELECT * FROM agents_channels WHERE id = ?').get(id);
    return row ? channelOf(row) : null;
  }

  /** The latest first. */
  list(most: number): HeldChannel[] {
    return this.#db
      .prepare('SELECT * FROM agents_channels ORDER BY at DESC, id LIMIT ?')
      .all(most)
      .map(channelOf);
  }

  /** What calls have brought in all channels, and what can still be claimed, by token. */
  sums(): Map<Address, { claimed: bigint; unclaimed: bigint }> {
    const sums = new Map<Address, { claimed: bigint; unclaimed: bigint }>();
    for (const row of this.#db.prepare('SELECT * FROM agents_channels').iterate()) {
      const channel = channelOf(row);
      const { token } = channel.config;
      const sum = sums.get(token) ?? { claimed: 0n, unclaimed: 0n };
      sum.claimed += channel.claimed;
      sum.unclaimed += unclaimedIn(channel);
      sums.set(token, sum);
    }
    return sums;
  }

  /** Those of which something is not claimed yet: what the chain does not have, of the charges that a voucher covers. */
  unclaimed(): HeldChannel[] {
    return this.#db
      .prepare('SELECT * FROM agents_channels WHERE waiting > 0 ORDER BY waiting_since')
      .all()
      .map(channelOf);
  }

  /** Whether this very voucher has paid for a call, or may have. */
  isUsed({ channelId, ceiling }: SignedVoucher): boolean {
    const found = this.#db
      .prepare('SELECT 1 FROM agents_vouchers WHERE channel = ? AND ceiling = ?')
      .get(channelId, padded(ceiling));
    return found !== undefined || ceiling <= (this.find(channelId)?.floor ?? -1n);
  }

  /**
   * Write down that a voucher pays for a call. In the transaction of the caller: the call is written with it.
   * @param charged what calls of the channel have cost, this one included
   */
  charge(
    voucher: SignedVoucher,
    charged: bigint,
    about: { chainId: number; agent: string },
    state: ReadState,
  ): void {
    const { channelId: id, config, ceiling, signature } = voucher;
    const now = Date.now();
    const known = this.find(id);
    const higher = !known || ceiling > known.ceiling;
    this.#db
      .prepare(
        `INSERT INTO agents_channels (id, chain, config, agent, charged, ceiling, signature, floor, calls, at, balance,
         claimed, closing_at, read_at, waiting, waiting_since) VALUES (?,?,?,?,?,?,?,?,1,?,?,?,?,?,1,?)
         ON CONFLICT (id) DO UPDATE SET agent = excluded.agent, charged = excluded.charged, ceiling = excluded.ceiling,
         signature = excluded.signature, calls = calls + 1, at = excluded.at, waiting = waiting + 1,
         waiting_since = coalesce(waiting_since, excluded.waiting_since)`,
      )
      .run(
        ...[id, about.chainId, configText(config), about.agent, charged.toString()],
        (higher ? ceiling : known.ceiling).toString(),
        higher ? signature : known.signature,
        // What was claimed before this node knew the channel was charged before.
        ...[state.claimed.toString(), now, state.balance.toString(), state.claimed.toString()],
        ...[state.withdrawal?.availableAt ?? null, state.readAt, now],
      );
    this.#db.prepare('INSERT INTO agents_vouchers VALUES (?, ?)').run(id, padded(ceiling));
    this.#forgetVouchers(id);
    if (!known) this.#forgetChannels();
  }

  /** What the chain says now. What was claimed elsewhere, or before a loss of this store, was charged. */
  read(id: Hex, state: ReadState): void {
    this.#store.transact(() => {
      const known = this.find(id);
      if (!known) return;
      const charged = larger(state.claimed, known.charged);
      const left = charged > state.claimed && state.balance > state.claimed;
      this.#db
        .prepare(
          `UPDATE agents_channels SET balance = ?, claimed = ?, closing_at = ?, read_at = ?, charged = ?,
           waiting = CASE WHEN ? THEN max(waiting, 1) ELSE 0 END,
           waiting_since = CASE WHEN ? THEN coalesce(waiting_since, ?) ELSE NULL END WHERE id = ?`,
        )
        .run(
          ...[state.balance.toString(), state.claimed.toString(), state.withdrawal?.availableAt ?? null],
          ...[state.readAt, charged.toString(), left ? 1 : 0, left ? 1 : 0, Date.now(), id],
        );
    });
  }

  /** A claim of these was mined. */
  claimedIn(ids: readonly Hex[], transaction: Hex): void {
    this.#store.transact(() => {
      const update = this.#db.prepare('UPDATE agents_channels SET claim_tx = ? WHERE id = ?');
      for (const id of ids) update.run(transaction, id);
    });
  }

  get #db(): DatabaseSync {
    return this.#store.db;
  }

  #forgetVouchers(id: Hex): void {
    const over = this.#db
      .prepare('SELECT ceiling FROM agents_vouchers WHERE channel = ? ORDER BY ceiling DESC LIMIT 1 OFFSET ?')
      .get(id, MOST_VOUCHERS);
    if (!over) return;
    this.#db
      .prepare('UPDATE agents_channels SET floor = ? WHERE id = ?')
      .run(BigInt(String(over.ceiling)).toString(), id);
    this.#db
      .prepare('DELETE FROM agents_vouchers WHERE channel = ? AND ceiling <= ?')
      .run(id, String(over.ceiling));
  }

  #forgetChannels(): void {
    const over = this.#db
      .prepare('SELECT id FROM agents_channels WHERE waiting = 0 ORDER BY at DESC LIMIT -1 OFFSET ?')
      .all(MOST_CHANNELS);
    for (const { id } of over) {
      this.#db.prepare('DELETE FROM agents_channels WHERE id = ?').run(String(id));
      this.#db.prepare('DELETE FROM agents_vouchers WHERE channel = ?').run(String(id));
    }
  }
}

const padded = (sum: bigint): string => sum.toString().padStart(DIGITS, '0');

function channelOf(row: Record<string, unknown>): HeldChannel {
  const number = (value: unknown) => (value === null ? null : Number(value));
  return {
    id: row.id as Hex,
    chainId: Number(row.chain),
    config: configOfText(String(row.config)),
    agent: String(row.agent),
    charged: BigInt(String(row.charged)),
    ceiling: BigInt(String(row.ceiling)),
    signature: row.signature as Hex,
    floor: BigInt(String(row.floor)),
    calls: Number(row.calls),
    at: Number(row.at),
    balance: BigInt(String(row.balance)),
    claimed: BigInt(String(row.claimed)),
    closingAt: number(row.closing_at),
    readAt: Number(row.read_at),
    waiting: Number(row.waiting),
    waitingSince: number(row.waiting_since),
    claimTransaction: row.claim_tx as Hex | null,
  };
}
