/**
 * The tables of training in a node's store, as migrations from each version to the next; a released migration is never
 * edited. Amounts and task ids are decimal text: SQLite's integers are 64 bits, a token's amounts are 128.
 */
export const TRAINING_MIGRATIONS: readonly string[] = [
  `
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

  -- What settled rounds have left, for any peer that asks: CBOR, as it is sent.
  CREATE TABLE summaries (
    task_id TEXT NOT NULL,
    round INTEGER NOT NULL,
    summary BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (task_id, round)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX summaries_by_time ON summaries (at);
  `,
];
