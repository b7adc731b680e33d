import type { DatabaseSync } from 'node:sqlite';
import type { PrivateRun } from '@chorus/training';

/** The sum of what trainings of one task have revealed of one data set. */
export interface DataUse extends PrivateRun {
  /** Name of the data: its registered name, or its path. */
  data: string;
  taskId: bigint;
  /** Number of trainings: one for each round and role, and one more for each repetition. */
  trainings: number;
}

/** Count one more training. Counts are never deleted: what was published stays public. */
export function addDataUse(db: DatabaseSync, data: string, taskId: bigint, run: PrivateRun): void {
  db.prepare(
    `INSERT INTO data_uses (data, task_id, noise, rate, steps, trainings) VALUES (?, ?, ?, ?, ?, 1)
     ON CONFLICT (data, task_id, noise, rate) DO UPDATE SET steps = steps + excluded.steps, trainings = trainings + 1`,
  ).run(data, taskId.toString(), run.noiseMultiplier, run.sampleRate, run.steps);
}

export function listDataUses(db: DatabaseSync): DataUse[] {
  return db
    .prepare('SELECT * FROM data_uses ORDER BY data, task_id')
    .all()
    .map((row) => ({
      data: String(row.data),
      taskId: BigInt(String(row.task_id)),
      noiseMultiplier: Number(row.noise),
      sampleRate: Number(row.rate),
      steps: Number(row.steps),
      trainings: Number(row.trainings),
    }));
}
