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
