import type { NodeStore } from '@chorus/node';
import type { Hex } from '@chorus/protocol';

/** Number of publications to keep: older ones are deleted. */
const MAX_PUBLICATIONS = 500;

/** A task being published, or published: the chain gives its number when the transaction is mined. */
export interface Publication {
  /** The id that the caller chose. */
  id: string;
  /** sha2-256 of the request. */
  requestDigest: Hex;
  termsDigest: Hex;
  terms: Uint8Array;
  /** The newest task before the publication: the published task has a higher number. */
  after: bigint;
  /** Null while it is not known whether the task was created. */
  taskId: bigint | null;
}

/** Tasks that this node publishes, each recorded before the transaction that escrows its budget. */
export class Publications {
  readonly #store: NodeStore;

  constructor(store: NodeStore) {
    this.#store = store;
  }

  /** Record a task before the transaction that escrows its budget. */
  begin({ id, requestDigest, termsDigest, terms, after }: Omit<Publication, 'taskId'>): void {
    this.#store.transact(() => {
      this.#store.db
        .prepare('INSERT INTO published VALUES (?, ?, ?, ?, ?, NULL, ?)')
        .run(id, requestDigest, termsDigest, terms, after.toString(), Date.now());
    });
  }

  /** Record the number of the task, which is followed from now on; or null, if it was never created. */
  end(id: string, taskId: bigint | null): void {
    this.#store.transact(() => {
      if (taskId === null) this.#store.db.prepare('DELETE FROM published WHERE id = ?').run(id);
      else this.#store.db.prepare('UPDATE published SET task_id = ? WHERE id = ?').run(taskId.toString(), id);
      this.#store.db
        .prepare(
          'DELETE FROM published WHERE id IN (SELECT id FROM published WHERE task_id IS NOT NULL ORDER BY at DESC LIMIT -1 OFFSET ?)',
        )
        .run(MAX_PUBLICATIONS);
    });
  }

  /** The record under an id; null if there is no record, or it was deleted. */
  find(id: string): Publication | null {
    const row = this.#store.db.prepare('SELECT * FROM published WHERE id = ?').get(id);
    return row ? toPublication(row) : null;
  }

  /** Publications of which it is not known whether the task was created. */
  open(): Publication[] {
    return this.#store.db
      .prepare('SELECT * FROM published WHERE task_id IS NULL ORDER BY at')
      .all()
      .map(toPublication);
  }
}

function toPublication(row: Record<string, unknown>): Publication {
  return {
    id: String(row.id),
    requestDigest: String(row.request_digest) as Hex,
    termsDigest: String(row.terms_digest) as Hex,
    terms: row.terms as Uint8Array,
    after: BigInt(String(row.after)),
    taskId: row.task_id === null ? null : BigInt(String(row.task_id)),
  };
}
