import { createHash } from 'node:crypto';
import { type G1Point, type Hex, hasCode } from '@chorus/protocol';
import { decodeGlobalModel, encodeGlobalModel } from '@chorus/training';
import { z } from 'zod';
import type { TaskSession } from './session/task-session.ts';

/** The journal's record of a model on disk. */
const detailSchema = z.object({
  digest: z.custom<Hex>((text) => /^0x[0-9a-f]{64}$/.test(String(text))),
  /** Sum of the aggregate commitments of the rounds in it. */
  total: z.object({ x: z.bigint(), y: z.bigint() }),
});
export type SnapshotDetail = z.infer<typeof detailSchema>;

/** Write the model after `round` to disk; returns the journal's record. */
export async function saveModel(
  session: TaskSession,
  round: number,
  total: G1Point,
): Promise<SnapshotDetail> {
  const bytes = encodeGlobalModel(session.model);
  await session.files.writeModel(session.taskId, round, bytes);
  return { digest: digestOf(bytes), total };
}

/**
 * Load the newest model of an earlier run into the session, so that rounds need not be replayed: one whose file
 * matches the journal. `ModelCommitmentCheck` then compares it with the chain.
 *
 * @returns null if no such model exists
 */
export async function restoreModel(
  session: TaskSession,
): Promise<(SnapshotDetail & { round: number }) | null> {
  const { journal, files, model, taskId } = session;
  for (let step = journal.lastDone(taskId, 'model'); step; step = journal.lastDone(taskId, 'model')) {
    const detail = detailSchema.safeParse(step.detail);
    const bytes = await files.readModel(taskId, step.round);
    if (detail.success && bytes && digestOf(bytes) === detail.data.digest) {
      try {
        const found = decodeGlobalModel(bytes);
        if (found.scale === model.scale && sameBits(found.base, model.base)) {
          model.sum.set(found.sum);
          return { ...detail.data, round: step.round };
        }
      } catch (error) {
        if (!hasCode(error, 'E_MODEL_CORRUPT')) throw error;
      }
    }
    journal.forget(step);
  }
  return null;
}

function digestOf(bytes: Uint8Array): Hex {
  return `0x${createHash('sha256').update(bytes).digest('hex')}`;
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = (x: Float32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  return a.length === b.length && bytes(a).equals(bytes(b));
}
