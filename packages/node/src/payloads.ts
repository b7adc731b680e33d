import {
  type Address,
  ChorusError,
  cidFromDigest,
  decodePayload,
  type PayloadHeader,
  payloadBytes,
  type StoragePort,
  sameG1,
  type UpdateVector,
  type VectorCommitment,
} from '@chorus/protocol';
import { fetchTimeout, peerOf, type RoundContext, type TaskSession } from './session.ts';

/** Where vectors come from, and what checks them. */
export interface VectorSource extends Pick<TaskSession, 'taskId' | 'committer' | 'payloads' | 'signal'> {
  ports: { storage: StoragePort };
}

/**
 * Fetch a committed vector from the swarm and check it: size, header, entries, and that it opens the
 * commitment on chain.
 *
 * @throws ChorusError `E_STORAGE_*` where nobody gives it, `E_PAYLOAD_MALFORMED`, `E_PAYLOAD_MISMATCH`
 */
export function fetchVector(
  source: VectorSource,
  context: RoundContext,
  kind: PayloadHeader['kind'],
  author: Address,
  committed: VectorCommitment,
  timeoutMs = fetchTimeout(context.task),
): Promise<UpdateVector> {
  const { taskId, ports, committer, signal } = source;
  const round = context.round.round;
  return source.payloads.get(round, kind, author, async () => {
    const size = payloadBytes(context.task.dimension);
    const bytes = await ports.storage.get(cidFromDigest(committed.digest, size), {
      maxBytes: size,
      timeoutMs,
      from: peerOf(context.members, author),
      signal,
    });
    const { vector } = decodePayload(bytes, {
      kind,
      taskId,
      round,
      author,
      dimension: context.task.dimension,
    });
    if (!sameG1(await committer.commit(vector), committed.commitment)) {
      throw new ChorusError('E_PAYLOAD_MISMATCH', 'the payload does not open its commitment on chain', {
        facts: { taskId, round, author },
        hint: 'the update is left out of the round',
      });
    }
    return vector;
  });
}
