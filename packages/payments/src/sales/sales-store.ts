import type { DatabaseSync } from 'node:sqlite';
import type { Address, Hex, SignedTransfer } from '@chorus/protocol';
import type { SignedVoucher } from '../channels/voucher.ts';
import type { PaymentDatabase } from '../store/payment-database.ts';
import type { KeptAnswer, Sale, SaleKey } from './sale.ts';

/** Sales that are kept, about 2 KB each. A payment that was forgotten is refused by the chain: its nonce is used. */
const MOST_SALES = 20_000;
/** Answers that are kept, of at most 64 KiB each, for a day. */
const MOST_ANSWERS = 256;
const ANSWER_MS = 24 * 3_600_000;

const WHERE = 'WHERE chain = ? AND token = ? AND payer = ? AND nonce = ?';
const parts = ({ chainId, token, payer, nonce }: SaleKey) => [chainId, token, payer, nonce] as const;

/** What agents of this node were paid for, in the node's store. */
export class SalesStore {
  readonly #store: PaymentDatabase;

  constructor(store: PaymentDatabase) {
    this.#store = store;
  }

  find(key: SaleKey): Sale | null {
    const row = this.#db.prepare(`SELECT * FROM agents_sales ${WHERE}`).get(...parts(key));
    return row ? saleOf(row) : null;
  }

  /** The sale that a payer gave this id. */
  byId(payer: Address, id: string): Sale | null {
    const row = this.#db.prepare('SELECT * FROM agents_sales WHERE payer = ? AND id = ?').get(payer, id);
    return row ? saleOf(row) : null;
  }

  /** The latest first. */
  list(query: { agent?: string; most: number }): Sale[] {
    const { agent = null, most } = query;
    return this.#db
      .prepare('SELECT * FROM agents_sales WHERE ?1 IS NULL OR agent = ?1 ORDER BY at DESC, nonce LIMIT ?2')
      .all(agent, most)
      .map(saleOf);
  }

  /** Receipts of payments with a nonce: of one, unless another payer has chosen the same. */
  receipts(agent: string, nonce: string): string[] {
    return this.#db
      .prepare(
        'SELECT receipt FROM agents_sales WHERE agent = ? AND nonce = ? AND receipt IS NOT NULL LIMIT 16',
      )
      .all(agent, nonce)
      .map(({ receipt }) => String(receipt));
  }

  /** Before the transfer is sent: after a crash it is known that it may have been. */
  begin(sale: Sale): void {
    this.#store.transact(() => this.#insert(sale));
  }

  /** A call that is paid for at once, by a voucher. @param take writes the voucher down, with the call or not at all */
  beginPaid(sale: Sale, take: () => void): void {
    this.#store.transact(() => {
      this.#insert(sale);
      this.#earn(sale);
      take();
    });
  }

  settled(sale: Sale, { transaction, block }: { transaction: Hex; block: number }, receipt: string): Sale {
    this.#store.transact(() => {
      this.#update(sale, "state = 'settled', reason = NULL, tx = ?, block = ?, receipt = ?", [
        transaction,
        block,
        receipt,
      ]);
      this.#earn(sale);
    });
    return { ...sale, state: 'settled', reason: null, transaction, block, receipt };
  }

  void(sale: Sale, reason: string): void {
    this.#store.transact(() => this.#update(sale, "state = 'void', reason = ?", [reason]));
  }

  running(sale: Sale): void {
    this.#store.transact(() => this.#update(sale, "state = 'running', tries = tries + 1", []));
  }

  /** The work was not done: it is still owed. @param counts whether this was a try of it */
  owed(sale: SaleKey, counts: boolean): void {
    const tries = counts ? '' : ', tries = max(tries - 1, 0)';
    this.#store.transact(() => this.#update(sale, `state = 'settled'${tries}`, []));
  }

  answered(sale: SaleKey, at: number): void {
    this.#store.transact(() => this.#update(sale, "state = 'answered', answered_at = ?", [at]));
  }

  /** What was answered: its receipt, and the answer itself if it is to be kept. */
  keep(sale: SaleKey, receipt: string, answer: KeptAnswer | null): void {
    this.#store.transact(() => {
      this.#update(sale, 'receipt = ?', [receipt]);
      if (!answer) return;
      this.#db
        .prepare('INSERT OR REPLACE INTO agents_answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
        .run(...parts(sale), Date.now(), answer.status, answer.contentType, answer.body);
      this.#db
        .prepare(
          `DELETE FROM agents_answers WHERE at <= ? OR rowid NOT IN
           (SELECT rowid FROM agents_answers ORDER BY at DESC LIMIT ${MOST_ANSWERS})`,
        )
        .run(Date.now() - ANSWER_MS);
    });
  }

  answer(sale: SaleKey): KeptAnswer | null {
    const row = this.#db
      .prepare(`SELECT status, type, body FROM agents_answers ${WHERE} AND at > ?`)
      .get(...parts(sale), Date.now() - ANSWER_MS);
    return row
      ? { status: Number(row.status), contentType: String(row.type), body: row.body as Uint8Array }
      : null;
  }

  #insert(sale: Sale): void {
    this.#db
      .prepare('INSERT INTO agents_sales VALUES (?,?,?,?, ?,?,?,?, ?,?,?,?, ?,?, ?,?,?,?, ?,?,?,?)')
      .run(
        ...parts(sale),
        sale.id,
        sale.payment,
        sale.request,
        sale.caller,
        sale.agent,
        sale.resource,
        sale.payee,
        sale.amount.toString(),
        JSON.stringify(sale.proof, (_, value) => (typeof value === 'bigint' ? value.toString() : value)),
        sale.fromBlock,
        sale.state,
        sale.tries,
        sale.at,
        sale.answeredAt,
        sale.transaction,
        sale.block,
        sale.reason,
        sale.receipt,
      );
    this.#prune();
  }

  #earn({ agent, token, amount }: Sale): void {
    const row = this.#db
      .prepare('SELECT amount, calls FROM agents_earned WHERE agent = ? AND token = ?')
      .get(agent, token);
    this.#db
      .prepare('INSERT OR REPLACE INTO agents_earned VALUES (?, ?, ?, ?)')
      .run(agent, token, (BigInt(String(row?.amount ?? 0)) + amount).toString(), Number(row?.calls ?? 0) + 1);
  }

  get #db(): DatabaseSync {
    return this.#store.db;
  }

  #update(key: SaleKey, set: string, values: (string | number | null)[]): void {
    this.#db.prepare(`UPDATE agents_sales SET ${set} ${WHERE}`).run(...values, ...parts(key));
  }

  /** Forgets the oldest that are over: what is owed stays. */
  #prune(): void {
    this.#db.exec(
      `DELETE FROM agents_sales WHERE state IN ('answered', 'void') AND rowid IN
       (SELECT rowid FROM agents_sales ORDER BY at DESC LIMIT -1 OFFSET ${MOST_SALES})`,
    );
  }
}

type Row = Record<string, unknown>;
const nullable = (value: unknown) => (value === null ? null : String(value));
const number = (value: unknown) => (value === null ? null : Number(value));

function saleOf(row: Row): Sale {
  return {
    chainId: Number(row.chain),
    token: row.token as Address,
    payer: row.payer as Address,
    nonce: row.nonce as Hex,
    id: nullable(row.id),
    payment: String(row.payment),
    request: String(row.request),
    caller: String(row.caller),
    agent: String(row.agent),
    resource: String(row.resource),
    payee: row.payee as Address,
    amount: BigInt(String(row.amount)),
    proof: proofOf(String(row.transfer)),
    fromBlock: Number(row.from_block),
    state: row.state as Sale['state'],
    tries: Number(row.tries),
    at: Number(row.at),
    answeredAt: number(row.answered_at),
    transaction: nullable(row.tx) as Hex | null,
    block: number(row.block),
    reason: nullable(row.reason),
    receipt: nullable(row.receipt),
  };
}

function proofOf(json: string): SignedTransfer | SignedVoucher {
  const { value, validAfter, validBefore, ceiling, ...rest } = JSON.parse(json) as Record<string, string>;
  if (ceiling !== undefined) return { ...rest, ceiling: BigInt(ceiling) } as unknown as SignedVoucher;
  return {
    ...rest,
    value: BigInt(value!),
    validAfter: BigInt(validAfter!),
    validBefore: BigInt(validBefore!),
  } as SignedTransfer;
}
