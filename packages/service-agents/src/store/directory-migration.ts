/** Tables of registrations and of the directory; a released migration is never edited. */
export const DIRECTORY_MIGRATION = `
CREATE TABLE agents_registrations (
  name TEXT PRIMARY KEY, agent_id TEXT NOT NULL, registry TEXT NOT NULL, cid TEXT, retired INTEGER NOT NULL
) STRICT;
CREATE TABLE agents_directory (
  agent_id INTEGER PRIMARY KEY, peer TEXT NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL,
  beacon BLOB NOT NULL, listing TEXT, probed INTEGER, problem TEXT
) STRICT;
CREATE INDEX agents_directory_peer ON agents_directory (peer);
CREATE VIRTUAL TABLE agents_directory_text USING fts5 (title, description, skills, tokenize = 'porter unicode61');
`;

/** Tables of reputations, and of the payments that feedback names. */
export const REPUTATION_MIGRATION = `
CREATE TABLE agents_reputations (
  agent_id INTEGER PRIMARY KEY, score REAL NOT NULL, raters INTEGER NOT NULL, paid TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE agents_rated_payments (
  tx TEXT NOT NULL, payer TEXT NOT NULL, payee TEXT NOT NULL, moved TEXT, at INTEGER NOT NULL,
  PRIMARY KEY (tx, payer, payee)
) STRICT, WITHOUT ROWID;
CREATE INDEX agents_rated_payments_at ON agents_rated_payments (at);
`;
