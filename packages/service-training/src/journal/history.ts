import type { DatabaseSync } from 'node:sqlite';
import { decodeDetail, encodeDetail } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import type { RoundRecord, TokenTotals } from './records.ts';

/** Number of rounds listed; the totals also cover older ones. */
export const MAX_ROUNDS_KEPT = 2_000;

export interface RoundQuery {
  /** Maximum number of rounds, the newest first; 50 by default, at most MAX_ROUNDS_KEPT. */
  limit?: number;
  taskId?: bigint;
}

/** Keep the record of a finished round; its amounts enter the totals once, however often the round is replayed. */
export function addRound(db: DatabaseSync, record: RoundRecord): void {
  const task = record.taskId.toString();
  db.prepare('INSERT OR REPLACE INTO rounds (task_id, round, record, at) VALUES (?, ?, ?, ?)').run(
    task,
    record.round,
    encodeDetail(record),
    record.at,
  );
  const first = db
    .prepare('UPDATE tasks SET counted = ? WHERE task_id = ? AND counted < ?')
    .run(record.round, task, record.round);
  if (first.changes > 0) addToTotals(db, record);
  db.prepare(
    'DELETE FROM rounds WHERE (task_id, round) IN (SELECT task_id, round FROM rounds ORDER BY at DESC, round DESC LIMIT -1 OFFSET ?)',
  ).run(MAX_ROUNDS_KEPT);
}

/** Newest first. */
export function listRounds(db: DatabaseSync, { limit = 50, taskId }: RoundQuery): RoundRecord[] {
  const most = Math.max(0, Math.min(MAX_ROUNDS_KEPT, Math.trunc(limit)));
  const rows =
    taskId === undefined
      ? db.prepare('SELECT record FROM rounds ORDER BY at DESC, round DESC LIMIT ?').all(most)
      : db
          .prepare('SELECT record FROM rounds WHERE task_id = ? ORDER BY round DESC LIMIT ?')
          .all(taskId.toString(), most);
  return rows.map((row) => decodeDetail(String(row.record)) as RoundRecord);
}

export function addClaimed(db: DatabaseSync, token: Address, amount: bigint): void {
  const totals = totalsOf(db, token);
  writeTotals(db, { ...totals, claimed: totals.claimed + amount });
}

export function listTotals(db: DatabaseSync): TokenTotals[] {
  return db.prepare('SELECT * FROM totals ORDER BY token').all().map(toTotals);
}

function addToTotals(db: DatabaseSync, { token, reward, fee, outcome }: RoundRecord): void {
  const totals = totalsOf(db, token);
  writeTotals(db, {
    ...totals,
    rewards: totals.rewards + reward,
    fees: totals.fees + fee,
    settled: totals.settled + (outcome === 'settled' ? 1 : 0),
    paid: totals.paid + (reward + fee > 0n ? 1 : 0),
    void: totals.void + (outcome === 'void' ? 1 : 0),
  });
}

function totalsOf(db: DatabaseSync, token: Address): TokenTotals {
  const row = db.prepare('SELECT * FROM totals WHERE token = ?').get(token.toLowerCase());
  if (row) return toTotals(row);
  const none = { rewards: 0n, fees: 0n, claimed: 0n, settled: 0, paid: 0, void: 0 };
  return { token: token.toLowerCase() as Address, ...none };
}

function writeTotals(db: DatabaseSync, totals: TokenTotals): void {
  db.prepare('INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?, ?, ?)').run(
    totals.token.toLowerCase(),
    totals.rewards.toString(),
    totals.fees.toString(),
    totals.claimed.toString(),
    totals.settled,
    totals.paid,
    totals.void,
  );
}

function toTotals(row: Record<string, unknown>): TokenTotals {
  return {
    token: String(row.token) as Address,
    rewards: BigInt(String(row.rewards)),
    fees: BigInt(String(row.fees)),
    claimed: BigInt(String(row.claimed)),
    settled: Number(row.settled),
    paid: Number(row.paid),
    void: Number(row.void),
  };
}
