import {
  type Address,
  ChorusError,
  type Hex,
  type Member,
  payloadBytes,
  sameAddress,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { peerOf } from '../../context/round-context.ts';
import { checkersOf, isChecker } from './checkers.ts';
import type { FileKeys } from './file-keys.ts';
import { fileKeyOf, openWithKey, sealedBytes, sealTo } from './seal.ts';

/** What a form takes of a task and its members. */
export interface FormContext {
  task: Pick<TaskState, 'activeValidators' | 'aggregators' | 'departed'>;
  members: Member[];
}

/** This node as one to whom payloads are sealed. */
export interface PayloadReader {
  account: Address;
  peerId: string;
  /** See `ageIdentityOf`. */
  identity: string;
  keys: FileKeys;
}

/** Which payload of whose task it is that is to be opened. */
export interface StoredPayload extends FormContext {
  taskId: bigint;
  digest: Hex;
  signal: AbortSignal;
}

/** How the payloads of a task are stored and sent. */
export interface PayloadForm {
  /** Bytes of a payload as it is stored: its CID follows from them. */
  bytes(task: Pick<TaskState, 'dimension' | 'activeValidators' | 'aggregators'>): number;
  /** Whether this node can read what others send. */
  reads(context: FormContext): boolean;
  /** A payload of this node's as it is stored. */
  wrap(payload: Uint8Array, context: FormContext): Promise<Uint8Array>;
  /** The payload in what another has stored, where this node {@link reads} it. */
  unwrap(stored: Uint8Array, of: StoredPayload): Promise<Uint8Array>;
  /** The payload in what this node has stored. */
  unwrapOwn(stored: Uint8Array): Promise<Uint8Array>;
}

/** Anybody can read them. */
export const PUBLIC_PAYLOADS: PayloadForm = {
  bytes: ({ dimension }) => payloadBytes(dimension),
  reads: () => true,
  wrap: async (payload) => payload,
  unwrap: async (stored) => stored,
  unwrapOwn: async (stored) => stored,
};

/** Only their author, and those that must check them, can read them. */
class SealedPayloads implements PayloadForm {
  readonly #reader: PayloadReader;

  constructor(reader: PayloadReader) {
    this.#reader = reader;
  }

  bytes(task: Pick<TaskState, 'dimension' | 'activeValidators' | 'aggregators'>): number {
    return sealedBytes(payloadBytes(task.dimension), 1 + checkersOf(task).length);
  }

  /** Not where its key is another one than it joined with: it could open nothing, and must accuse nobody of that. */
  reads({ task, members }: FormContext): boolean {
    const { account, peerId } = this.#reader;
    return isChecker(task, account) && peerOf(members, account).includes(peerId);
  }

  wrap(payload: Uint8Array, { task, members }: FormContext): Promise<Uint8Array> {
    // Who has left the task takes its place and opens nothing: the size is the same for all rounds.
    const checkers = checkersOf(task).map((checker) =>
      task.departed.some((gone) => sameAddress(gone, checker)) ? null : (peerOf(members, checker)[0] ?? null),
    );
    return sealTo(payload, [this.#reader.peerId, ...checkers]);
  }

  async unwrap(stored: Uint8Array, of: StoredPayload): Promise<Uint8Array> {
    const { identity, keys } = this.#reader;
    const { taskId, digest, signal } = of;
    const known = keys.of(taskId, digest);
    if (known) return openWithKey(stored, known);
    const open = async (key: Uint8Array) => {
      const payload = await openWithKey(stored, key);
      keys.remember(taskId, digest, key);
      return payload;
    };
    let own: Uint8Array;
    try {
      own = await fileKeyOf(stored, identity);
    } catch (sealedOut) {
      for (const key of await keys.ask(taskId, digest, of, signal)) {
        const payload = await open(key).catch(() => null);
        if (payload) return payload;
      }
      throw sealedOut;
    }
    return open(own);
  }

  async unwrapOwn(stored: Uint8Array): Promise<Uint8Array> {
    return openWithKey(stored, await fileKeyOf(stored, this.#reader.identity));
  }
}

/** How the payloads of a task with these terms are stored and sent. */
export function payloadForm(terms: Pick<Terms, 'payloads'>, reader: PayloadReader): PayloadForm {
  return terms.payloads === 'sealed' ? new SealedPayloads(reader) : PUBLIC_PAYLOADS;
}

/** Bytes of a payload as it is stored, in a task with these terms. */
export function storedPayloadBytes(
  terms: Pick<Terms, 'payloads'>,
  task: Pick<TaskState, 'dimension' | 'activeValidators' | 'aggregators'>,
): number {
  const plain = payloadBytes(task.dimension);
  return terms.payloads === 'sealed' ? sealedBytes(plain, 1 + checkersOf(task).length) : plain;
}

/** What a node fails with that is asked to read what is sealed to others. */
export function notSealedToThis(taskId: bigint): ChorusError {
  return new ChorusError('E_PAYLOAD_NOT_FOR_THIS_NODE', 'the payloads of the task are sealed to other keys', {
    facts: { taskId },
    hint: 'only validators and aggregators read payloads, with the node key they joined the task with',
  });
}
