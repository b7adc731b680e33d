import type { AgentLogDocument, AgentLogQuery } from '@chorus/admin-api';
import type { AnyCatalogue, AnyEvent, NodeStore } from '@chorus/node';
import { messageOf } from '@chorus/node';

/** Table of {@link AgentLog}; a released migration is never edited. */
export const AGENT_LOG_MIGRATION = `
CREATE TABLE agents_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL, at INTEGER NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX agents_log_agent ON agents_log (agent, id);
`;

/** Lines that are kept of one agent, about 150 bytes each. */
const MOST = 2_000;
/** Old lines of an agent are deleted once for this number of its new ones. */
const PRUNE_EVERY = 100;
/** Longest line that is kept, letters. */
const LONGEST = 1_000;

/** What each agent of a node did: who asked, how it ended, what was paid. Kept when the agent is stopped. */
export class AgentLog {
  readonly #store: Pick<NodeStore, 'db' | 'transact' | 'isOpen'>;
  readonly #catalogue: AnyCatalogue;
  /** Lines of each agent that this process has written; the owner has named them all. */
  readonly #written = new Map<string, number>();

  /** @param catalogue says events in words */
  constructor(store: Pick<NodeStore, 'db' | 'transact' | 'isOpen'>, catalogue: AnyCatalogue) {
    this.#store = store;
    this.#catalogue = catalogue;
  }

  /** Keep an event if it is about an agent. */
  add(event: AnyEvent): void {
    const { type, agent } = event as { type: string; agent?: unknown };
    // A request may end when the node has closed its store.
    if (!type.startsWith('agents.') || typeof agent !== 'string' || !this.#store.isOpen) return;
    const { level, text } = messageOf(event, this.#catalogue);
    const { db } = this.#store;
    this.#store.transact(() => {
      db.prepare('INSERT INTO agents_log (agent, at, level, text) VALUES (?, ?, ?, ?)').run(
        ...[agent, Date.now(), level, text.slice(0, LONGEST)],
      );
      const written = this.#written.get(agent) ?? 0;
      this.#written.set(agent, written + 1);
      if (written % PRUNE_EVERY !== 0) return;
      db.prepare(
        `DELETE FROM agents_log WHERE agent = ?1 AND id <=
         (SELECT id FROM agents_log WHERE agent = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${MOST})`,
      ).run(agent);
    });
  }

  /** The latest lines of an agent, in their order; those after a line if its id is given. */
  lines(agent: string, { most, after }: AgentLogQuery): AgentLogDocument {
    const rows = this.#store.db
      .prepare(
        `SELECT * FROM (SELECT id, at, level, text FROM agents_log WHERE agent = ? AND id > ? ORDER BY id DESC LIMIT ?)
         ORDER BY id`,
      )
      .all(agent, after, most);
    return {
      lines: rows.map(({ id, at, level, text }) => ({
        id: Number(id),
        at: new Date(Number(at)).toISOString(),
        level: level as AgentLogDocument['lines'][number]['level'],
        text: String(text),
      })),
    };
  }
}
