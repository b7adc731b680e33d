import type { OrderDocument } from '@chorus/admin-api';
import type { NodeStore } from '@chorus/node';
import { type Address, bigintAsText, type Hex } from '@chorus/protocol';

/** Orders that one list shows. */
const MOST_LISTED = 50;

/** Whom an order can be given to, as a checked answer says. */
export interface Candidate {
  agentId: string;
  title: string;
  offer: string;
  kind: 'job' | 'call';
  peer: string;
  wallet: Address;
  token: Address;
  /** Decimal, in the token's smallest unit. */
  units: string;
  priceText: string;
  seconds: number;
  /** The signed answer, base64. */
  answer: string;
}

/** An order of this node, with what is needed to go on with it. */
export interface Order {
  orderId: string;
  askId: string;
  text: string;
  at: number;
  state: OrderDocument['state'];
  /** A JSON value. */
  input: unknown;
  /** Who is left to be tried, the best first. */
  candidates: Candidate[];
  tried: OrderDocument['tried'];
  /** Who has it, or is being tried. */
  with: Candidate | null;
  /** Of the job's document, base64; before it is paid for. */
  document: string | null;
  /** Of the job on chain, which names the document. */
  description: string | null;
  salt: Hex | null;
  jobId: string | null;
  answer: OrderDocument['answer'];
  problem: OrderDocument['problem'];
}

/** Orders of this node: in its store before anything is paid, so that a restart pays nothing twice. */
export class Orders {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  put(order: Order): void {
    const open = order.state === 'done' || order.state === 'failed' ? 0 : 1;
    const body = JSON.stringify(order, bigintAsText);
    const sql = 'INSERT OR REPLACE INTO offers_orders VALUES (?, ?, ?, ?)';
    const statement = this.#store.db.prepare(sql);
    this.#store.transact(() => statement.run(order.orderId, order.at, open, body));
  }

  get(orderId: string): Order | null {
    const row = this.#store.db.prepare('SELECT body FROM offers_orders WHERE order_id = ?').get(orderId);
    return row ? (JSON.parse(String(row.body)) as Order) : null;
  }

  /** Those that have not ended, the oldest first. */
  open(): Order[] {
    return this.#all('SELECT body FROM offers_orders WHERE open = 1 ORDER BY at');
  }

  /** The latest. */
  list(): Order[] {
    return this.#all(`SELECT body FROM offers_orders ORDER BY at DESC LIMIT ${MOST_LISTED}`);
  }

  #all(sql: string): Order[] {
    return this.#store.db
      .prepare(sql)
      .all()
      .map(({ body }) => JSON.parse(String(body)) as Order);
  }
}
