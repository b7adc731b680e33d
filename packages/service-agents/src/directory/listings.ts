import type { NodeStore } from '@chorus/node';
import type { KeptScore } from '../reputation/kept-scores.ts';

/** What is known of an agent whose identity was checked and that has answered. */
export interface Listing {
  title: string;
  description: string;
  version: string;
  skills: { id: string; name: string; description: string; tags: string[] }[];
  owner: string;
  /** Where it is paid; null if it is paid nowhere. */
  wallet: string | null;
  /** What a call costs; null if it is free. `units` in the token's smallest unit, a decimal number. */
  price: { units: string; token: string } | null;
  /** What it does for a price that is known before, without the schemas; absent if it was listed by an older version. */
  offers?: {
    id: string;
    name: string;
    description: string;
    kind: 'job' | 'call';
    price: { units: string; token: string } | null;
    seconds: number;
    open: number;
  }[];
  /** Base of its card and operations over libp2p. */
  url: string;
  /** Multiaddrs of its peer, from the latest beacon. */
  addresses: string[];
  /** sha2-256 of its card, hex. */
  card: string;
  latencyMs: number;
}

/** An agent in the directory. */
export interface DirectoryEntry {
  agentId: bigint;
  peerId: string;
  /** Unix seconds. */
  issuedAt: number;
  expiresAt: number;
  /** The signed beacon, to pass on. */
  beacon: Uint8Array;
  /** Null until it was checked, or if it failed the check. */
  listing: Listing | null;
  /** Time of the last check, ms since 1970; null before the first. */
  probedAt: number | null;
  /** Why it is not shown. */
  problem: string | null;
}

/** A found agent, how well it fits, the best 1, and what those who paid it say, as far as that was read. */
export interface FoundEntry extends DirectoryEntry {
  listing: Listing;
  reputation: KeptScore | null;
  relevance: number;
}

/** The agents of the network that this node has heard of: in its store, so that they are known after a restart. */
export class Listings {
  readonly #store: Pick<NodeStore, 'db' | 'transact'>;

  constructor(store: Pick<NodeStore, 'db' | 'transact'>) {
    this.#store = store;
  }

  get(agentId: bigint): DirectoryEntry | null {
    // No identity has such a number, and SQLite cannot hold every one.
    if (agentId > BigInt(Number.MAX_SAFE_INTEGER)) return null;
    const row = this.#store.db.prepare('SELECT * FROM agents_directory WHERE agent_id = ?').get(agentId);
    return row ? entryOf(row) : null;
  }

  put(entry: DirectoryEntry): void {
    const { agentId, peerId, issuedAt, expiresAt, beacon, listing, probedAt, problem } = entry;
    const { db } = this.#store;
    this.#store.transact(() => {
      db.prepare('INSERT OR REPLACE INTO agents_directory VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
        agentId,
        peerId,
        issuedAt,
        expiresAt,
        beacon,
        listing && JSON.stringify(listing),
        probedAt,
        problem,
      );
      db.prepare('DELETE FROM agents_directory_text WHERE rowid = ?').run(agentId);
      if (!listing) return;
      const skills = listing.skills.map((skill) =>
        [skill.id, skill.name, skill.description, ...skill.tags].join(' '),
      );
      db.prepare(
        'INSERT INTO agents_directory_text (rowid, title, description, skills) VALUES (?, ?, ?, ?)',
      ).run(agentId, listing.title, listing.description, skills.join('\n'));
    });
  }

  /** Another beacon of the card that was checked: what is found by its words stays as it is. */
  refresh(
    agentId: bigint,
    {
      issuedAt,
      expiresAt,
      beacon,
      addresses,
    }: Pick<DirectoryEntry, 'issuedAt' | 'expiresAt' | 'beacon'> & {
      addresses: readonly string[];
    },
  ): void {
    this.#store.transact(() =>
      this.#store.db
        .prepare(
          `UPDATE agents_directory SET issued = ?, expires = ?, beacon = ?,
           listing = json_set(listing, '$.addresses', json(?)) WHERE agent_id = ?`,
        )
        .run(issuedAt, expiresAt, beacon, JSON.stringify(addresses), agentId),
    );
  }

  remove(agentId: bigint): void {
    const { db } = this.#store;
    this.#store.transact(() => {
      db.prepare('DELETE FROM agents_directory WHERE agent_id = ?').run(agentId);
      db.prepare('DELETE FROM agents_directory_text WHERE rowid = ?').run(agentId);
    });
  }

  /** Remove what no longer holds. */
  expire(now: number): void {
    const gone = this.#store.db.prepare('SELECT agent_id FROM agents_directory WHERE expires <= ?').all(now);
    for (const { agent_id } of gone) this.remove(BigInt(Number(agent_id)));
  }

  count(peerId?: string): number {
    const { db } = this.#store;
    const row =
      peerId === undefined
        ? db.prepare('SELECT count(*) AS n FROM agents_directory').get()
        : db.prepare('SELECT count(*) AS n FROM agents_directory WHERE peer = ?').get(peerId);
    return Number(row?.n);
  }

  /** Agents that can be shown now. */
  shown(now: number): number {
    const row = this.#store.db
      .prepare('SELECT count(*) AS n FROM agents_directory WHERE listing IS NOT NULL AND expires > ?')
      .get(now);
    return Number(row?.n);
  }

  /** Beacons that still hold, after an id, in the order of ids. */
  *beacons(after: bigint | null, now: number): Generator<Uint8Array, void, undefined> {
    const rows = this.#store.db
      .prepare(
        'SELECT beacon FROM agents_directory WHERE agent_id > ? AND expires > ? AND listing IS NOT NULL ORDER BY agent_id LIMIT 256',
      )
      .all(after ?? -1n, now);
    for (const { beacon } of rows) yield beacon as Uint8Array;
  }

  /** Agents with standing offers that answered and whose beacon still holds. */
  withOffers(now: number, most: number): { agentId: bigint; peerId: string; listing: Listing }[] {
    const rows = this.#store.db
      .prepare(
        `SELECT * FROM agents_directory WHERE listing IS NOT NULL AND expires > ?
         AND json_array_length(listing, '$.offers') > 0 ORDER BY agent_id LIMIT ?`,
      )
      .all(now, most);
    return rows.map((row) => entryOf(row) as DirectoryEntry & { listing: Listing });
  }

  /** Agents that answered and whose beacon still holds, the best fit first; all of them without words. */
  find(words: readonly string[], now: number, most: number): FoundEntry[] {
    const { db } = this.#store;
    if (words.length === 0) {
      const rows = db
        .prepare(
          `SELECT d.*, r.score, r.raters, r.paid FROM agents_directory AS d LEFT JOIN agents_reputations AS r USING (agent_id)
           WHERE d.listing IS NOT NULL AND d.expires > ? ORDER BY d.agent_id LIMIT ?`,
        )
        .all(now, most);
      return rows.map((row) => foundOf(row, 1));
    }
    // Each word in quotes is a plain word: the query language of FTS5 has no effect.
    const query = words.map((word) => `"${word.replaceAll('"', '')}"*`).join(' OR ');
    const rows = db
      .prepare(
        `SELECT d.*, r.score, r.raters, r.paid, -bm25(agents_directory_text, 4.0, 1.0, 2.0) AS fit
         FROM agents_directory_text AS t JOIN agents_directory AS d ON d.agent_id = t.rowid
         LEFT JOIN agents_reputations AS r ON r.agent_id = d.agent_id
         WHERE agents_directory_text MATCH ? AND d.expires > ? ORDER BY fit DESC LIMIT ?`,
      )
      .all(query, now, most);
    const best = Number(rows[0]?.fit ?? 1);
    return rows.map((row) => foundOf(row, best > 0 ? Math.max(0, Number(row.fit) / best) : 1));
  }
}

function foundOf(row: Record<string, unknown>, relevance: number): FoundEntry {
  const { score, raters, paid } = row;
  const reputation =
    score === null ? null : { score: Number(score), raters: Number(raters), paid: BigInt(String(paid)) };
  return { ...(entryOf(row) as DirectoryEntry & { listing: Listing }), relevance, reputation };
}

function entryOf(row: Record<string, unknown>): DirectoryEntry {
  return {
    agentId: BigInt(Number(row.agent_id)),
    peerId: String(row.peer),
    issuedAt: Number(row.issued),
    expiresAt: Number(row.expires),
    beacon: new Uint8Array(row.beacon as Uint8Array),
    listing: row.listing === null ? null : (JSON.parse(String(row.listing)) as Listing),
    probedAt: row.probed === null ? null : Number(row.probed),
    problem: row.problem === null ? null : String(row.problem),
  };
}
