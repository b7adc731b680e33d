/** Tables of the service; a released one is never edited. */
export const OFFERS_MIGRATIONS: readonly string[] = [
  `CREATE TABLE offers_works (
     job_id INTEGER PRIMARY KEY, agent TEXT NOT NULL, agent_id INTEGER NOT NULL, offer TEXT NOT NULL, client TEXT NOT NULL,
     document BLOB NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, deliverable TEXT, why TEXT, at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE offers_orders (order_id TEXT PRIMARY KEY, at INTEGER NOT NULL, open INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
   CREATE TABLE offers_record (
     job_id INTEGER PRIMARY KEY, agent_id INTEGER NOT NULL, provider TEXT NOT NULL, token TEXT NOT NULL, budget TEXT NOT NULL,
     outcome TEXT NOT NULL
   ) STRICT;
   CREATE INDEX offers_record_agents ON offers_record (agent_id, outcome);
   CREATE TABLE offers_cursor (one INTEGER PRIMARY KEY CHECK (one = 1), job_id INTEGER NOT NULL) STRICT;
   CREATE TABLE offers_experience (agent_id INTEGER PRIMARY KEY, done INTEGER NOT NULL, failed INTEGER NOT NULL) STRICT`,
];
