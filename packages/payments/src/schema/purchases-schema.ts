/** Table of the buying side. A released version is never edited. */
export const PURCHASES_SCHEMA = `
CREATE TABLE agents_purchases (
  id TEXT PRIMARY KEY, intent TEXT NOT NULL, request TEXT NOT NULL,
  agent TEXT NOT NULL, resource TEXT NOT NULL,
  chain INTEGER NOT NULL, token TEXT NOT NULL, payee TEXT NOT NULL, amount TEXT NOT NULL,
  nonce TEXT NOT NULL, valid_after INTEGER NOT NULL, valid_before INTEGER NOT NULL,
  state TEXT NOT NULL, header TEXT, at INTEGER NOT NULL, ended_at INTEGER,
  tx TEXT, receipt TEXT, output TEXT, reason TEXT
) STRICT;
CREATE INDEX agents_purchases_intents ON agents_purchases (intent, state);
CREATE INDEX agents_purchases_times ON agents_purchases (at);`;
