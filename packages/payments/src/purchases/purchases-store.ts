import type { DatabaseSync } from 'node:sqlite';
import type { Address, Hex } from '@chorus/protocol';
import type { PaymentDatabase } from '../store/payment-database.ts';
import type { Purchase } from './purchase.ts';

const DAY = 24 * 3_600_000;
/** Purchases that are kept, about 3 KB each; those of the last day are always. */
const MOST = 10_000;

/** What this account has paid for, in the node's store: before anything is signed it is written down. */
export class PurchasesStore {
  readonly #store: PaymentDatabase;

  constructor(store: PaymentDatabase) {
    this.#store = store;
  }

  find(id: string): Purchase | null {
    const row = this.#db.prepare('SELECT * FROM agents_purchases WHERE id = ?').get(id);
    return row ? purchaseOf(row) : null;
  }

  /** The purchase for what the user wants that has no answer yet; the last, if there are several. */
  open(intent: string): Purchase | null {
    const row = this.#db
      .prepare(
        `SELECT * FROM agents_purchases WHERE intent = ? AND state IN ('intent', 'signed') AND at > ?
         ORDER BY at DESC LIMIT 1`,
      )
      .get(intent, Date.now() - DAY);
    return row ? purchaseOf(row) : null;
  }

  /** Whether this account has signed a voucher of this sum, as far as it remembers. */
  hasSigned(channel: Hex, ceiling: bigint): boolean {
    return (
      this.#db
        .prepare("SELECT 1 FROM agents_purchases WHERE channel = ? AND ceiling = ? AND state <> 'void'")
        .get(channel, ceiling.toString()) !== undefined
    );
  }

  /** The latest first. */
  list(query: { agent?: string; most: number }): Purchase[] {
    const { agent = null, most } = query;
    return this.#db
      .prepare('SELECT * FROM agents_purchases WHERE ?1 IS NULL OR agent = ?1 ORDER BY at DESC, id LIMIT ?2')
      .all(agent, most)
      .map(purchaseOf);
  }

  /** Of the last 24 hours, whatever may have been paid. */
  ofDay(): Purchase[] {
    return this.#db
      .prepare("SELECT * FROM agents_purchases WHERE at > ? AND state <> 'void'")
      .all(Date.now() - DAY)
      .map(purchaseOf);
  }

  /** Write it down, unless `refuse` throws: between both nothing else is written. What is void is not open. */
  begin(purchase: Purchase, refuse: () => void): void {
    this.#store.transact(() => {
      refuse();
      const p = purchase;
      this.#db
        .prepare('INSERT INTO agents_purchases VALUES (?,?,?, ?,?, ?,?,?,?, ?,?,?, ?,?,?,?, ?,?,?,?, ?,?)')
        .run(
          ...[
            p.id,
            p.intent,
            p.request,
            p.agent,
            p.resource,
            p.chainId,
            p.token,
            p.payee,
            p.amount.toString(),
          ],
          ...[p.nonce, p.validAfter, p.validBefore, p.state, p.header, p.at, p.endedAt],
          ...[p.transaction, p.receipt, p.output, p.reason],
          ...[p.channel?.id ?? null, p.channel?.ceiling.toString() ?? null],
        );
      this.#db
        .prepare(
          `DELETE FROM agents_purchases WHERE at <= ? AND rowid IN
           (SELECT rowid FROM agents_purchases ORDER BY at DESC LIMIT -1 OFFSET ${MOST})`,
        )
        .run(Date.now() - DAY);
    });
  }

  signed(id: string, header: string): void {
    this.#run("UPDATE agents_purchases SET state = 'signed', header = ? WHERE id = ?", header, id);
  }

  answered(id: string, told: Pick<Purchase, 'transaction' | 'receipt' | 'output'>): void {
    this.#store.transact(() => {
      const known = this.find(id);
      this.#db
        .prepare(
          `UPDATE agents_purchases SET state = 'answered', ended_at = ?, tx = ?, receipt = ?, output = ? WHERE id = ?`,
        )
        .run(...[Date.now(), told.transaction || null, told.receipt, told.output, id]);
      // Once, with the call: the next voucher of the channel states it.
      if (known?.channel && known.state !== 'answered') this.#charge(known.channel.id, known.amount);
    });
  }

  refused(id: string, reason: string): void {
    this.#run(
      "UPDATE agents_purchases SET state = 'refused', ended_at = ?, reason = ? WHERE id = ?",
      ...[Date.now(), reason, id],
    );
  }

  void(id: string): void {
    this.#run("UPDATE agents_purchases SET state = 'void' WHERE id = ?", id);
  }

  #charge(channel: Hex, amount: bigint): void {
    const row = this.#db.prepare('SELECT charged FROM agents_credits WHERE id = ?').get(channel);
    if (!row) return;
    const charged = BigInt(String(row.charged)) + amount;
    this.#db.prepare('UPDATE agents_credits SET charged = ? WHERE id = ?').run(charged.toString(), channel);
  }

  get #db(): DatabaseSync {
    return this.#store.db;
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#store.transact(() => this.#db.prepare(sql).run(...values));
  }
}

function purchaseOf(row: Record<string, unknown>): Purchase {
  const text = (value: unknown) => (value === null ? null : String(value));
  return {
    id: String(row.id),
    intent: String(row.intent),
    request: String(row.request),
    agent: String(row.agent),
    resource: String(row.resource),
    chainId: Number(row.chain),
    token: row.token as Address,
    payee: row.payee as Address,
    amount: BigInt(String(row.amount)),
    nonce: row.nonce as Hex,
    channel: row.channel === null ? null : { id: row.channel as Hex, ceiling: BigInt(String(row.ceiling)) },
    validAfter: Number(row.valid_after),
    validBefore: Number(row.valid_before),
    state: row.state as Purchase['state'],
    header: text(row.header),
    at: Number(row.at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    transaction: text(row.tx),
    receipt: text(row.receipt),
    output: text(row.output),
    reason: text(row.reason),
  };
}
