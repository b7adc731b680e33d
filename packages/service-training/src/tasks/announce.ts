import { allowRootOf, ruleId } from '@chorus/chain';
import type { Ports } from '@chorus/node';
import {
  type Announcement,
  ChorusError,
  decodeGossip,
  decodeTerms,
  encodeMessage,
  encodeTerms,
  sha256Hex,
  type TaskParams,
  type Terms,
  topicOf,
} from '@chorus/protocol';

/** What a requester decides; the rest of the task follows from the model and the terms. */
export interface TaskRequest {
  /** `dimension`: counted in the model if omitted. */
  terms: Omit<Terms, 'model' | 'modelBytes' | 'dimension'> & { dimension?: number | undefined };
  /** The initial ONNX model. */
  model: Uint8Array;
  params: Omit<TaskParams, 'dimension' | 'termsDigest' | 'rule' | 'allowRoot'>;
}

/** A task as it will be on chain, and its terms as they are gossiped. */
export interface PreparedTask {
  terms: Terms;
  bytes: Uint8Array;
  params: TaskParams;
}

/**
 * Combine a requester's decisions with the model's CID and its number of parameters.
 * @throws ChorusError `E_TERMS_INVALID`
 */
export function prepareTask(
  { terms: asked, model, params }: TaskRequest,
  { cid, dimension }: { cid: string; dimension: number },
): PreparedTask {
  const terms: Terms = { ...asked, model: cid, modelBytes: model.length, dimension };
  const bytes = encodeTerms(terms);
  return {
    terms,
    bytes,
    params: {
      ...params,
      dimension,
      termsDigest: sha256Hex(bytes),
      rule: ruleId(terms.rule),
      allowRoot: terms.allow ? allowRootOf(terms.allow) : null,
    },
  };
}

/**
 * **announce**: put the model and the terms on IPFS, escrow the budget on chain, and tell the network. Checks and
 * records nothing: nodes publish through `ChorusNode.publish`, which does both. The returned `announce` gossips
 * again, for nodes that were not yet listening.
 */
export async function publishTask(
  ports: Ports,
  request: TaskRequest,
  dimension: number,
): Promise<{ taskId: bigint; terms: Terms; announce: () => Promise<void> }> {
  const { chain, storage } = ports;
  const cid = await storage.put(request.model);
  const { terms, bytes, params } = prepareTask(request, { cid, dimension });
  await storage.put(bytes);
  const { taskId } = await chain.createTask(params);
  const announce = () => announceTask(ports, taskId, bytes);
  await announce();
  return { taskId, terms, announce };
}

/** Announce this node's own task to the network. */
export function announceTask(ports: Ports, taskId: bigint, terms: Uint8Array): Promise<void> {
  const { chain, network } = ports;
  return network.publish(
    topicOf('tasks', chain.chainId, chain.contract),
    encodeMessage(announcementOf(ports, taskId, terms)),
  );
}

/**
 * Whether others can read the announcement of a task with these terms.
 * @throws ChorusError `E_TERMS_INVALID`
 */
export function checkAnnouncement(ports: Ports, terms: Uint8Array): void {
  decodeTerms(terms);
  const bytes = encodeMessage(announcementOf(ports, 2n ** 64n - 1n, terms));
  try {
    decodeGossip(bytes);
  } catch (cause) {
    throw new ChorusError('E_TERMS_INVALID', 'the announcement of the task is too long to be sent', {
      facts: { bytes: bytes.length, terms: terms.length },
      hint: 'shorten the name, the tags or the list of accounts of the terms, or the addresses of network.announce',
      cause,
    });
  }
}

function announcementOf({ chain, network }: Ports, taskId: bigint, terms: Uint8Array): Announcement {
  return {
    type: 'announcement',
    chainId: chain.chainId,
    contract: chain.contract,
    taskId,
    terms,
    peerId: network.peerId,
    multiaddrs: network.multiaddrs().slice(0, 16),
  };
}
