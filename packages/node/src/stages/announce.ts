import {
  encodeMessage,
  encodeTerms,
  sha256Hex,
  type TaskParams,
  type Terms,
  topicOf,
} from '@chorus/protocol';
import type { Ports } from '../ports.ts';

/** What a requester decides; the rest of the task follows from the model and the terms. */
export interface TaskRequest {
  terms: Omit<Terms, 'model' | 'modelBytes'>;
  /** The ONNX model to begin from. */
  model: Uint8Array;
  params: Omit<TaskParams, 'dimension' | 'termsDigest'>;
}

/** Remembers that a task is about to be created; gives its number where an earlier attempt has created it. */
export type BeforeCreation = (terms: Uint8Array) => Promise<bigint | null>;

/**
 * **announce**: put the model and the terms on IPFS, escrow the budget on chain, and tell the network.
 * The returned `announce` gossips again, for nodes that were not listening yet.
 */
export async function publishTask(
  ports: Ports,
  request: TaskRequest,
  before: BeforeCreation = async () => null,
): Promise<{ taskId: bigint; terms: Terms; announce: () => Promise<void> }> {
  const { chain, storage } = ports;
  const terms: Terms = {
    ...request.terms,
    model: await storage.put(request.model),
    modelBytes: request.model.length,
  };
  const bytes = encodeTerms(terms);
  await storage.put(bytes);
  const known = await before(bytes);
  const { taskId } =
    known === null
      ? await chain.createTask({
          ...request.params,
          dimension: terms.dimension,
          termsDigest: sha256Hex(bytes),
        })
      : { taskId: known };
  const announce = () => announceTask(ports, taskId, bytes);
  await announce();
  return { taskId, terms, announce };
}

/** Tell the network of a task of this node's. */
export function announceTask(ports: Ports, taskId: bigint, terms: Uint8Array): Promise<void> {
  const { chain, network } = ports;
  return network.publish(
    topicOf('tasks', chain.chainId, chain.contract),
    encodeMessage({
      type: 'announcement',
      chainId: chain.chainId,
      contract: chain.contract,
      taskId,
      terms,
      peerId: network.peerId,
      multiaddrs: network.multiaddrs().slice(0, 16),
    }),
  );
}
