import {
  decodePayload,
  digestOfCid,
  type PayloadHeader,
  sameG1,
  type VectorCommitment,
} from '@chorus/protocol';
import { type OwnVector, type TaskSession, timed } from '../session.ts';
import { train } from './train.ts';

/**
 * This node's vector of a round with its commitment and CID digest: trained and computed once, and again only
 * after a restart. Nothing is on chain yet, and nothing is provided to anyone.
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
  const { taskId, terms, ports, committer } = session;
  const { vector } = decodePayload(payload, {
    kind,
    taskId,
    round,
    author: ports.chain.account,
    dimension: terms.dimension,
  });
  const [commitment, cid] = await Promise.all([committer.commit(vector), ports.storage.cidOf(payload)]);
  return { commitment, digest: digestOfCid(cid) };
}

/** **commit**: the update's KZG commitment and CID digest go on chain before the deadline. */
export async function commit(session: TaskSession, round: number): Promise<void> {
  const { committed } = await ownVector(session, round, 'update');
  await session.ports.chain.commitUpdate(session.taskId, round, committed);
  session.emit({ type: 'committed', taskId: session.taskId, round });
}

/** Provide the committed payload on IPFS; only after commitments have closed. */
export async function provide(session: TaskSession, round: number, onChain: VectorCommitment): Promise<void> {
  const { payload, committed } = await ownVector(session, round, 'update');
  if (committed.digest !== onChain.digest || !sameG1(committed.commitment, onChain.commitment)) {
    // Only where the payload on disk was lost or changed after it was committed; nobody could use it.
    session.emit({
      type: 'warning',
      code: 'E_PAYLOAD_CHANGED',
      message: 'the payload on disk is not the one that was committed: this round cannot be paid',
    });
    return;
  }
  await session.ports.storage.put(payload);
}
