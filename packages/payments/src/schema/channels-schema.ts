/**
 * Tables of prepaid channels: those of payers that this node holds vouchers of, and those that its wallet has paid into. A
 * released version is never edited.
 */
export const CHANNELS_SCHEMA = `
CREATE TABLE agents_channels (
  id TEXT PRIMARY KEY, chain INTEGER NOT NULL, config TEXT NOT NULL, agent TEXT NOT NULL,
  charged TEXT NOT NULL, ceiling TEXT NOT NULL, signature TEXT NOT NULL, floor TEXT NOT NULL,
  calls INTEGER NOT NULL, at INTEGER NOT NULL,
  balance TEXT NOT NULL, claimed TEXT NOT NULL, closing_at INTEGER, read_at INTEGER NOT NULL,
  waiting INTEGER NOT NULL, waiting_since INTEGER, claim_tx TEXT
) STRICT;
CREATE TABLE agents_vouchers (
  channel TEXT NOT NULL, ceiling TEXT NOT NULL, PRIMARY KEY (channel, ceiling)
) STRICT, WITHOUT ROWID;
CREATE TABLE agents_credits (
  id TEXT PRIMARY KEY, chain INTEGER NOT NULL, config TEXT NOT NULL, agent TEXT NOT NULL, price TEXT NOT NULL,
  state TEXT NOT NULL, balance TEXT NOT NULL, charged TEXT NOT NULL, deposit TEXT, at INTEGER NOT NULL, available_at INTEGER, tx TEXT
) STRICT;
ALTER TABLE agents_purchases ADD COLUMN channel TEXT;
ALTER TABLE agents_purchases ADD COLUMN ceiling TEXT;
CREATE INDEX agents_purchases_channels ON agents_purchases (channel, state) WHERE channel IS NOT NULL;`;
