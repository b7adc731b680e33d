/** Tables of the selling side. A released version is never edited. */
export const SALES_SCHEMA = `
CREATE TABLE agents_sales (
  chain INTEGER NOT NULL, token TEXT NOT NULL, payer TEXT NOT NULL, nonce TEXT NOT NULL,
  id TEXT, payment TEXT NOT NULL, request TEXT NOT NULL, caller TEXT NOT NULL,
  agent TEXT NOT NULL, resource TEXT NOT NULL, payee TEXT NOT NULL, amount TEXT NOT NULL,
  transfer TEXT NOT NULL, from_block INTEGER NOT NULL,
  state TEXT NOT NULL, tries INTEGER NOT NULL, at INTEGER NOT NULL, answered_at INTEGER,
  tx TEXT, block INTEGER, reason TEXT, receipt TEXT,
  PRIMARY KEY (chain, token, payer, nonce)
) STRICT;
CREATE UNIQUE INDEX agents_sales_ids ON agents_sales (payer, id) WHERE id IS NOT NULL;
CREATE INDEX agents_sales_nonces ON agents_sales (nonce);
CREATE INDEX agents_sales_times ON agents_sales (at);
CREATE TABLE agents_answers (
  chain INTEGER NOT NULL, token TEXT NOT NULL, payer TEXT NOT NULL, nonce TEXT NOT NULL,
  at INTEGER NOT NULL, status INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (chain, token, payer, nonce)
) STRICT;
CREATE TABLE agents_earned (
  agent TEXT NOT NULL, token TEXT NOT NULL, amount TEXT NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (agent, token)
) STRICT;`;
