import {
  cidFromDigest,
  decodePayload,
  digestOfCid,
  type Payload,
  payloadBytes,
  type VectorCommitment,
} from '@chorus/protocol';
import { type TaskSession, timed } from '../session.ts';

/** The commitment and CID digest that stand for a payload on chain. Nothing is provided to anyone yet. */
export async function commitmentOf(session: TaskSession, payload: Uint8Array): Promise<VectorCommitment> {
  const [commitment, cid] = await Promise.all([
    session.committer.commit(decodeOwn(session, payload).vector),
    session.ports.storage.cidOf(payload),
  ]);
  return { commitment, digest: digestOfCid(cid) };
}

/** **commit**: the update's KZG commitment and CID digest go on chain before the deadline. */
export async function commit(session: TaskSession, round: number, payload: Uint8Array): Promise<void> {
  await timed(session, round, 'commit', async () => {
    const update = await commitmentOf(session, payload);
    await session.ports.chain.commitUpdate(session.taskId, round, update);
  });
}

/** Provide a committed payload on IPFS; only after commitments have closed. */
export async function provide(
  session: TaskSession,
  payload: Uint8Array,
  digest: `0x${string}`,
): Promise<void> {
  const cid = await session.ports.storage.put(payload);
  if (cid !== cidFromDigest(digest, payloadBytes(session.terms.dimension))) {
    // Only possible where the payload on disk was changed after it was committed.
    session.emit({
      type: 'warning',
      code: 'E_PAYLOAD_CHANGED',
      message: 'the stored payload is not the one that was committed',
    });
  }
}

function decodeOwn(session: TaskSession, payload: Uint8Array): Payload {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return decodePayload(payload, {
    kind: view.getUint8(5) === 0 ? 'update' : 'reference',
    taskId: session.taskId,
    round: view.getUint32(40, true),
    author: session.ports.chain.account,
    dimension: session.terms.dimension,
  });
}
