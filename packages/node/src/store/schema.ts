/** "CHRJ": distinguishes a node's journal from any other SQLite file. */
export const APPLICATION_ID = 0x4348524a;

/**
 * The tables of the host; each service adds its own, see `NodeStore.migrate`. Amounts and task ids are decimal text:
 * SQLite's integers are 64 bits, a token's amounts are 128.
 */
export const HOST_SCHEMA = `
  -- Whose record this is: chain id, contract and account; a folder serves one.
  CREATE TABLE identity (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- Signed transactions, from before they are sent until their outcome is known.
  CREATE TABLE transactions (
    chain_id INTEGER NOT NULL,
    account TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (chain_id, account, nonce)
  ) STRICT, WITHOUT ROWID;

  -- What this account spent and put at risk recently: gas by the hour, and what services count of their own kinds.
  CREATE TABLE spending (
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    -- Empty for the chain's own coin.
    token TEXT NOT NULL,
    amount TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, ref)
  ) STRICT, WITHOUT ROWID;

  -- How far the tables of each service have come.
  CREATE TABLE service_migrations (service TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * From each version of the store to the next, for folders that exist; a released migration is never edited. A new
 * folder begins with {@link HOST_SCHEMA}. Until version 5 the tables of training belonged to the host.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Whose record this is: chain id, contract and account; a folder serves one.
  CREATE TABLE identity (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE tasks (
    task_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('joining', 'joined', 'owned', 'ended')),
    -- Peers that had the model when the task was found.
    providers TEXT NOT NULL,
    -- Rounds up to this one are in the totals.
    counted INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE steps (
    task_id TEXT NOT NULL,
    round INTEGER NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'done', 'refused')),
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (task_id, round, step)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rounds (
    task_id TEXT NOT NULL,
    round INTEGER NOT NULL,
    record TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (task_id, round)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX rounds_by_time ON rounds (at);

  CREATE TABLE totals (
    token TEXT PRIMARY KEY,
    rewards TEXT NOT NULL,
    fees TEXT NOT NULL,
    claimed TEXT NOT NULL,
    settled INTEGER NOT NULL,
    paid INTEGER NOT NULL,
    void INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Tasks this node publishes, before the chain has given them a number.
  CREATE TABLE publications (
    terms_digest TEXT PRIMARY KEY,
    terms BLOB NOT NULL,
    -- The newest task there was before: what was published comes after it.
    after TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Signed transactions, from before they are sent until their outcome is known.
  CREATE TABLE transactions (
    chain_id INTEGER NOT NULL,
    account TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (chain_id, account, nonce)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Tasks this node publishes, and published: under an id that the caller chooses, so that asking again pays once.
  CREATE TABLE published (
    id TEXT PRIMARY KEY,
    -- sha2-256 of the request: the same id for something else is refused.
    request_digest TEXT NOT NULL,
    terms_digest TEXT NOT NULL,
    terms BLOB NOT NULL,
    -- The newest task there was before: what was published comes after it.
    after TEXT NOT NULL,
    -- Null until the chain has given the task its number.
    task_id TEXT,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO published SELECT terms_digest, terms_digest, terms_digest, terms, after, NULL, at FROM publications;
  DROP TABLE publications;
  `,
  `
  -- What this account spent and put at risk recently: gas by the hour, stake by task.
  CREATE TABLE spending (
    kind TEXT NOT NULL CHECK (kind IN ('gas', 'stake')),
    ref TEXT NOT NULL,
    -- Empty for the chain's own coin.
    token TEXT NOT NULL,
    amount TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, ref)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- What trainings told of each data set: noisy steps, or steps without noise (0), by task.
  CREATE TABLE data_uses (
    data TEXT NOT NULL,
    task_id TEXT NOT NULL,
    -- Noise multiplier, and the chance of a sample to be in a step.
    noise REAL NOT NULL,
    rate REAL NOT NULL,
    steps INTEGER NOT NULL,
    trainings INTEGER NOT NULL,
    PRIMARY KEY (data, task_id, noise, rate)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- What settled rounds have left, for peers that ask: CBOR, as it is sent.
  CREATE TABLE summaries (
    task_id TEXT NOT NULL,
    round INTEGER NOT NULL,
    summary BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (task_id, round)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX summaries_by_time ON summaries (at);
  `,
  `
  CREATE TABLE service_migrations (service TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO service_migrations VALUES ('training', 1);
  -- Services count what they spend under kinds of their own.
  CREATE TABLE spending_of_all (
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    token TEXT NOT NULL,
    amount TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, ref)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO spending_of_all SELECT * FROM spending;
  DROP TABLE spending;
  ALTER TABLE spending_of_all RENAME TO spending;
  `,
];
