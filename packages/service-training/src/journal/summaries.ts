import type { DatabaseSync } from 'node:sqlite';
import { decodeSummaryResponse, encodeMessage, MAX_ROUNDS, type RoundSummary } from '@chorus/protocol';

/** Summaries kept, over all tasks: less than 2 KB each, and as many as one task can have rounds. */
const MAX_SUMMARIES = MAX_ROUNDS;

/** Store the summary of a settled round; it replaces an earlier one, because the chain may have been reorganised. */
export function addSummary(db: DatabaseSync, taskId: bigint, round: number, summary: RoundSummary): void {
  db.prepare('INSERT OR REPLACE INTO summaries (task_id, round, summary, at) VALUES (?, ?, ?, ?)').run(
    taskId.toString(),
    round,
    encodeMessage(summary),
    Date.now(),
  );
  db.prepare(
    'DELETE FROM summaries WHERE (task_id, round) IN (SELECT task_id, round FROM summaries ORDER BY at DESC, round DESC LIMIT -1 OFFSET ?)',
  ).run(MAX_SUMMARIES);
}

/** Null if this node has no summary of the round. */
export function findSummaryOf(db: DatabaseSync, taskId: bigint, round: number): RoundSummary | null {
  const row = db
    .prepare('SELECT summary FROM summaries WHERE task_id = ? AND round = ?')
    .get(taskId.toString(), round);
  if (!row) return null;
  const kept = decodeSummaryResponse(row.summary as Uint8Array);
  return 'refused' in kept ? null : kept;
}
