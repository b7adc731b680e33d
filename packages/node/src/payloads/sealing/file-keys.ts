import {
  decodeFileKeyResponse,
  encodeMessage,
  FILE_KEY_PROTOCOL,
  type FileKeyRequest,
  type FileKeyResponse,
  fromHex,
  type Hex,
  type Member,
  type NetworkPort,
  type TaskState,
  toHex,
} from '@chorus/protocol';
import { peerOf } from '../../context/round-context.ts';
import { checkersOf } from './checkers.ts';

/** Keys remembered: those of the last rounds of some tasks. */
const MAX_KEYS = 1024;

/** Milliseconds for one answer: 16 bytes that the other has at hand. */
const ANSWER_MILLISECONDS = 3_000;

/** Who may be told the keys of a task's payloads. */
export interface KeyCircle {
  task: Pick<TaskState, 'activeValidators' | 'aggregators' | 'departed'>;
  members: Member[];
}

/**
 * Keys of sealed payloads that this node has opened. Whoever must check a payload and was sealed out by its author is told
 * its key by one that was not, as payloads that everybody can read are handed on: an author cannot show its payload to
 * some and accuse, or have accused, the others.
 */
export class FileKeys {
  readonly #network: Pick<NetworkPort, 'peerId' | 'request'>;
  readonly #keys = new Map<string, Uint8Array>();

  constructor(network: Pick<NetworkPort, 'peerId' | 'request'>) {
    this.#network = network;
  }

  /** The payload with this digest was opened with this key. */
  remember(taskId: bigint, digest: Hex, key: Uint8Array): void {
    this.#keys.set(nameOf(taskId, digest), key);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > MAX_KEYS && oldest !== undefined) this.#keys.delete(oldest);
  }

  of(taskId: bigint, digest: Hex): Uint8Array | null {
    return this.#keys.get(nameOf(taskId, digest)) ?? null;
  }

  /** What to tell the peer that asks: only those that must check the task's payloads are told anything. */
  answer({ taskId, digest }: FileKeyRequest, from: string, circle: KeyCircle): FileKeyResponse {
    if (!peersOf(circle).includes(from))
      return { refused: 'only those that check payloads are told their keys' };
    const key = this.of(taskId, toHex(digest));
    return key ? { key } : { refused: 'this node has not opened the payload' };
  }

  /** Keys that the others say the payload has; which of them opens it is for the caller to find out. */
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

/** Peers of those that check a task's payloads and have not left it. */
function peersOf({ task, members }: KeyCircle): string[] {
  return checkersOf(task)
    .filter((checker) => !task.departed.some((gone) => gone.toLowerCase() === checker.toLowerCase()))
    .flatMap((checker) => peerOf(members, checker));
}
