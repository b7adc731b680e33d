import {
  decodePayload,
  digestOfCid,
  type PayloadHeader,
  sameG1,
  type VectorCommitment,
} from '@chorus/protocol';
import { z } from 'zod';
import { type OwnVector, type TaskSession, timed } from '../session/task-session.ts';
import { train } from './train.ts';

/**
 * This node's vector of a round with its commitment and CID digest: computed once, and again only after a restart.
 * Nothing is on chain yet, and nothing is provided to others.
 */
export function ownVector(
  session: TaskSession,
  round: number,
  kind: PayloadHeader['kind'],
): Promise<OwnVector> {
  const { own } = session;
  const key = `${kind}:${round}`;
  const known = own.get(key);
  if (known) return known;
  own.clear();
  const making = train(session, round, kind).then(async (payload) => ({
    payload,
    committed: await timed(session, round, 'commit', () => commitmentOf(session, round, kind, payload)),
  }));
  making.catch(() => own.delete(key));
  own.set(key, making);
  return making;
}

async function commitmentOf(
  session: TaskSession,
  round: number,
  kind: PayloadHeader['kind'],
  payload: Uint8Array,
): Promise<VectorCommitment> {
  const { taskId, terms, ports, committer, journal, form } = session;
  const digest = digestOfCid(await ports.storage.cidOf(payload));
  // An earlier run may have sent it: for the same payload it is the same, even if the key that opens it has changed.
  const step = kind === 'update' ? 'commit' : 'seal';
  const known = recordedSchema.safeParse(journal.step({ taskId, round, step })?.detail);
  if (known.success && known.data.digest === digest) return { commitment: known.data.commitment, digest };
  const { vector } = decodePayload(await form.unwrapOwn(payload), {
    kind,
    taskId,
    round,
    author: ports.chain.account,
    dimension: terms.dimension,
  });
  return { commitment: await committer.commit(vector), digest };
}

/** The journal's record of a commitment. */
const recordedSchema = z.object({
  commitment: z.object({ x: z.bigint(), y: z.bigint() }),
  digest: z.string(),
});

/** **commit**: the update's KZG commitment and CID digest go on chain before the deadline. */
export async function commit(session: TaskSession, round: number): Promise<void> {
  const { taskId, ports, journal, emit } = session;
  const { committed } = await ownVector(session, round, 'update');
  await journal.act({ taskId, round, step: 'commit' }, { ...committed }, () =>
    ports.chain.commitUpdate(taskId, round, committed),
  );
  emit({ type: 'committed', taskId, round });
}

/** Provide the committed payload on IPFS, only after commitments have closed. */
export async function provide(session: TaskSession, round: number, onChain: VectorCommitment): Promise<void> {
  const { taskId, ports, journal } = session;
  const { payload, committed } = await ownVector(session, round, 'update');
  if (committed.digest !== onChain.digest || !sameG1(committed.commitment, onChain.commitment)) {
    // Happens only if the payload on disk was lost or changed after the commitment; no node could use it.
    session.emit({
      type: 'warning',
      subject: `Task ${taskId}`,
      taskId,
      code: 'E_PAYLOAD_CHANGED',
      message: 'the payload on disk differs from the committed one',
      hint: 'this round cannot be paid; check the disk of the data folder',
    });
    return;
  }
  await journal.act({ taskId, round, step: 'provide' }, {}, () => ports.storage.put(payload));
}
