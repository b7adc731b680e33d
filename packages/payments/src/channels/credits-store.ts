import type { DatabaseSync } from 'node:sqlite';
import { type Address, bigintAsText, type Hex } from '@chorus/protocol';
import type { PaymentDatabase } from '../store/payment-database.ts';
import { configOfText, configText } from './config-text.ts';
import type { BegunDeposit, Credit, CreditState } from './credit.ts';
import { larger } from './larger.ts';

/** Channels that this account has paid into, in the node's store: a deposit is written down before it is sent. */
export class CreditsStore {
  readonly #store: PaymentDatabase;

  constructor(store: PaymentDatabase) {
    this.#store = store;
  }

  find(id: Hex): Credit | null {
    const row = this.#db.prepare('SELECT * FROM agents_credits WHERE id = ?').get(id);
    return row ? creditOf(row) : null;
  }

  /** The latest first. */
  list(): Credit[] {
    return this.#db.prepare('SELECT * FROM agents_credits ORDER BY at DESC, id').all().map(creditOf);
  }

  /** Those that are not closed, between this account and a receiver. */
  between(receiver: Address, authorizer: Address, token: Address, chainId: number): Credit[] {
    return this.list().filter(
      ({ config, state, chainId: chain }) =>
        state !== 'closed' &&
        chain === chainId &&
        config.receiver === receiver &&
        config.receiverAuthorizer === authorizer &&
        config.token === token,
    );
  }

  begin(credit: Credit): void {
    this.#store.transact(() => {
      const { id, chainId, config, agent, price, state, balance, charged, deposit, at } = credit;
      this.#db
        .prepare('INSERT INTO agents_credits VALUES (?,?,?,?,?,?,?,?,?,?,NULL,NULL)')
        .run(
          ...[id, chainId, configText(config), agent, price.toString(), state, balance.toString()],
          ...[charged.toString(), depositText(deposit), at],
        );
    });
  }

  /** A deposit is about to be sent. */
  depositing(id: Hex, deposit: BegunDeposit): void {
    this.#run('UPDATE agents_credits SET deposit = ? WHERE id = ?', depositText(deposit), id);
  }

  /** It was made. */
  deposited(id: Hex, balance: bigint, transaction: Hex): void {
    this.#run(
      "UPDATE agents_credits SET deposit = NULL, state = 'open', balance = ?, tx = ? WHERE id = ?",
      ...[balance.toString(), transaction, id],
    );
  }

  /** It was not made, and cannot be any more: a channel that nothing was ever paid into is forgotten. */
  notDeposited(id: Hex): void {
    this.#store.transact(() => {
      this.#db.prepare("DELETE FROM agents_credits WHERE id = ? AND state = 'opening'").run(id);
      this.#db.prepare('UPDATE agents_credits SET deposit = NULL WHERE id = ?').run(id);
    });
  }

  read(
    id: Hex,
    state: CreditState,
    balance: bigint,
    availableAt: number | null,
    transaction: Hex | null,
  ): void {
    this.#run(
      'UPDATE agents_credits SET state = ?, balance = ?, available_at = ?, tx = coalesce(?, tx) WHERE id = ?',
      ...[state, balance.toString(), availableAt, transaction, id],
    );
  }

  /** What the seller has charged, as it has proven. */
  resync(id: Hex, charged: bigint): void {
    this.#run('UPDATE agents_credits SET charged = ? WHERE id = ?', charged.toString(), id);
  }

  /** The sum that the next voucher states: of what was answered, of what is open, and of this call. */
  nextCeiling({ id, charged }: Credit, amount: bigint): bigint {
    const open = this.#db
      .prepare(
        "SELECT amount, ceiling FROM agents_purchases WHERE channel = ? AND state IN ('intent', 'signed')",
      )
      .all(id);
    const sum = open.reduce((total, row) => total + BigInt(String(row.amount)), charged);
    const highest = open.reduce((most, row) => larger(most, BigInt(String(row.ceiling))), 0n);
    return larger(sum, highest) + amount;
  }

  get #db(): DatabaseSync {
    return this.#store.db;
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#store.transact(() => this.#db.prepare(sql).run(...values));
  }
}

const depositText = (deposit: BegunDeposit | null): string | null =>
  deposit && JSON.stringify(deposit, bigintAsText);

function depositOf(text: string): BegunDeposit {
  const { amount, salt, validBefore, fromBlock } = JSON.parse(text) as Record<string, string>;
  return {
    amount: BigInt(amount!),
    salt: salt as Hex,
    validBefore: BigInt(validBefore!),
    fromBlock: Number(fromBlock),
  };
}

function creditOf(row: Record<string, unknown>): Credit {
  return {
    id: row.id as Hex,
    chainId: Number(row.chain),
    config: configOfText(String(row.config)),
    agent: String(row.agent),
    price: BigInt(String(row.price)),
    state: row.state as CreditState,
    balance: BigInt(String(row.balance)),
    charged: BigInt(String(row.charged)),
    deposit: row.deposit === null ? null : depositOf(String(row.deposit)),
    at: Number(row.at),
    availableAt: row.available_at === null ? null : Number(row.available_at),
    transaction: row.tx as Hex | null,
  };
}
