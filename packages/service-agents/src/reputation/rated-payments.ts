import type { NodeStore } from '@chorus/node';
import type { Address, ChainPort, Hex, MovedTokens } from '@chorus/protocol';

/** Payments that are kept, about 400 bytes each. */
const MOST = 50_000;

/** A payment that the chain does not have is looked for again after this: an endpoint may lag, ms. */
const LOOK_AGAIN_MILLISECONDS = 3_600_000;

/** A payment as feedback names it. */
export interface NamedPayment {
  transaction: Hex;
  from: Address;
  to: Address;
}

/** The payments that feedback names, as the chain has them. Each is read once: it does not change any more. */
export class RatedPayments {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;
  readonly #chain: Pick<ChainPort, 'movedIn'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>, chain: Pick<ChainPort, 'movedIn'>) {
    this.#store = store;
    this.#chain = chain;
  }

  /** What the payment moved, null if the chain does not have it; undefined if it has not been read. */
  kept({ transaction, from, to }: NamedPayment): MovedTokens | null | undefined {
    const row = this.#store.db
      .prepare('SELECT moved, at FROM agents_rated_payments WHERE tx = ? AND payer = ? AND payee = ?')
      .get(transaction, from, to);
    if (!row) return undefined;
    if (row.moved !== null) return read(String(row.moved));
    return Number(row.at) < Date.now() - LOOK_AGAIN_MILLISECONDS ? undefined : null;
  }

  /** Whether the payment was looked for, long ago too. */
  wasLookedFor({ transaction, from, to }: NamedPayment): boolean {
    const found = this.#store.db
      .prepare('SELECT 1 FROM agents_rated_payments WHERE tx = ? AND payer = ? AND payee = ?')
      .get(transaction, from, to);
    return found !== undefined;
  }

  /** @throws ChorusError `E_CHAIN_UNREACHABLE` */
  async look({ transaction, from, to }: NamedPayment): Promise<MovedTokens | null> {
    const moved = await this.#chain.movedIn(transaction, from, to);
    const { db } = this.#store;
    this.#store.transact(() => {
      db.prepare('INSERT OR REPLACE INTO agents_rated_payments VALUES (?, ?, ?, ?, ?)').run(
        ...[transaction, from, to, moved && write(moved), Date.now()],
      );
      db.prepare(
        `DELETE FROM agents_rated_payments WHERE at < (SELECT at FROM agents_rated_payments ORDER BY at DESC LIMIT 1 OFFSET ${MOST})`,
      ).run();
    });
    return moved;
  }
}

const write = ({ at, amounts }: MovedTokens): string =>
  JSON.stringify({ at, amounts: amounts.map(({ token, amount }) => [token, amount.toString()]) });

function read(text: string): MovedTokens {
  const { at, amounts } = JSON.parse(text) as { at: number; amounts: [Address, string][] };
  return { at, amounts: amounts.map(([token, amount]) => ({ token, amount: BigInt(amount) })) };
}
