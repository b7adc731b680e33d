import type { DatabaseSync } from 'node:sqlite';
import type { Address } from '@chorus/protocol';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Add to the gas of this hour. `wei`: the smallest unit of the chain's own coin; `now`: unix milliseconds. */
export function addGas(db: DatabaseSync, wei: bigint, now: number): void {
  prune(db, now);
  const ref = String(Math.floor(now / HOUR));
  const before = db.prepare("SELECT amount FROM spending WHERE kind = 'gas' AND ref = ?").get(ref);
  const amount = BigInt(String(before?.amount ?? '0')) + wei;
  write(db, 'gas', ref, '', amount, now);
}

/** Record the stake of a task before it is at risk; for a known task the first record counts. */
export function addStake(
  db: DatabaseSync,
  taskId: bigint,
  token: Address,
  amount: bigint,
  now: number,
): void {
  prune(db, now);
  const known = db.prepare("SELECT 1 FROM spending WHERE kind = 'stake' AND ref = ?").get(taskId.toString());
  if (!known) write(db, 'stake', taskId.toString(), token.toLowerCase(), amount, now);
}

/** Record that the task was not joined. */
export function dropStake(db: DatabaseSync, taskId: bigint): void {
  db.prepare("DELETE FROM spending WHERE kind = 'stake' AND ref = ?").run(taskId.toString());
}

/** Gas of the last 24 hours, rounded up to whole hours. */
export function gasOfDay(db: DatabaseSync, now: number): bigint {
  return sumSince(db, 'gas', '', now);
}

/** Stake in `token` put at risk within the last 24 hours, even if it is free again; without the task `except`. */
export function stakeOfDay(db: DatabaseSync, token: Address, now: number, except?: bigint): bigint {
  return sumSince(db, 'stake', token.toLowerCase(), now, except?.toString());
}

function sumSince(db: DatabaseSync, kind: string, token: string, now: number, except = ''): bigint {
  return db
    .prepare('SELECT amount FROM spending WHERE kind = ? AND token = ? AND at > ? AND ref <> ?')
    .all(kind, token, now - DAY, except)
    .reduce((sum, { amount }) => sum + BigInt(String(amount)), 0n);
}

function write(db: DatabaseSync, kind: string, ref: string, token: string, amount: bigint, at: number): void {
  db.prepare('INSERT OR REPLACE INTO spending VALUES (?, ?, ?, ?, ?)').run(
    kind,
    ref,
    token,
    amount.toString(),
    at,
  );
}

function prune(db: DatabaseSync, now: number): void {
  db.prepare('DELETE FROM spending WHERE at <= ?').run(now - DAY);
}
