import {
  checkersOf,
  decodeFileKeyResponse,
  encodeMessage,
  FILE_KEY_PROTOCOL,
  type FileKeyRequest,
  type FileKeyResponse,
  fromHex,
  type Hex,
  type Member,
  type NetworkPort,
  peerOf,
  type TaskState,
  toHex,
} from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';

/** Number of keys remembered: enough for the last rounds of some tasks. */
const MAX_KEYS = 1024;

/** Time limit of one answer, ms: 16 bytes that the peer has in memory. */
const ANSWER_MILLISECONDS = 3_000;

/** Members that may get the keys of a task's payloads. */
export interface KeyCircle {
  task: Pick<TaskState, 'activeValidators' | 'aggregators' | 'departed'>;
  members: Member[];
}

/**
 * Keys of sealed payloads that this node has opened. A member that must check a payload, but to which its author did
 * not seal it, gets the key from a member that can open it, as public payloads are passed on: an author cannot show
 * its payload to some members and accuse the others, or have them accused.
 */
export class FileKeys {
  readonly #network: Pick<NetworkPort, 'peerId' | 'request'>;
  readonly #keys = new BoundedMap<string, Uint8Array>(MAX_KEYS);

  constructor(network: Pick<NetworkPort, 'peerId' | 'request'>) {
    this.#network = network;
  }

  /** The payload with this digest was opened with this key. */
  remember(taskId: bigint, digest: Hex, key: Uint8Array): void {
    this.#keys.set(nameOf(taskId, digest), key);
  }

  of(taskId: bigint, digest: Hex): Uint8Array | null {
    return this.#keys.get(nameOf(taskId, digest)) ?? null;
  }

  /** The answer to a peer's request: only members that must check the task's payloads get keys. */
  answer({ taskId, digest }: FileKeyRequest, from: string, circle: KeyCircle): FileKeyResponse {
    if (!peersOf(circle).includes(from))
      return { refused: 'only members that check payloads get their keys' };
    const key = this.of(taskId, toHex(digest));
    return key ? { key } : { refused: 'this node has not opened the payload' };
  }

  /** Keys that other members report for the payload; the caller finds out which of them opens it. */
  async ask(taskId: bigint, digest: Hex, circle: KeyCircle, signal: AbortSignal): Promise<Uint8Array[]> {
    const request = encodeMessage({ taskId, digest: fromHex(digest) });
    const peers = peersOf(circle).filter((peer) => peer !== this.#network.peerId);
    const answers = await Promise.allSettled(
      peers.map(async (peer) => {
        const options = { timeoutMs: ANSWER_MILLISECONDS, maxResponseBytes: 512, signal };
        return decodeFileKeyResponse(await this.#network.request(peer, FILE_KEY_PROTOCOL, request, options));
      }),
    );
    signal.throwIfAborted();
    const told = answers.flatMap((answer) =>
      answer.status === 'fulfilled' && 'key' in answer.value ? [answer.value.key] : [],
    );
    return [...new Map(told.map((key) => [toHex(key), key])).values()];
  }
}

function nameOf(taskId: bigint, digest: Hex): string {
  return `${taskId}/${digest}`;
}

/** Peers of the members that check a task's payloads and have not left it. */
function peersOf({ task, members }: KeyCircle): string[] {
  return checkersOf(task)
    .filter((checker) => !task.departed.some((gone) => gone.toLowerCase() === checker.toLowerCase()))
    .flatMap((checker) => peerOf(members, checker));
}
