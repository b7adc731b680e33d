import {
  type Address,
  ChorusError,
  checkersOf,
  type Hex,
  isChecker,
  type Member,
  payloadBytes,
  peerOf,
  sameAddress,
  sealedBytes,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import type { FileKeys } from './file-keys.ts';
import { fileKeyOf, openWithKey, sealTo } from './seal.ts';

/** The facts of a task and its members that a form needs. */
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

/** The payload to open, and its task. */
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
  /** This node's payload in its stored form. */
  wrap(payload: Uint8Array, context: FormContext): Promise<Uint8Array>;
  /** The payload in another member's file, if this node {@link reads} it. */
  unwrap(stored: Uint8Array, of: StoredPayload): Promise<Uint8Array>;
  /** The payload in this node's own file. */
  unwrapOwn(stored: Uint8Array): Promise<Uint8Array>;
}

/** Every peer can read the payloads. */
export const PUBLIC_PAYLOADS: PayloadForm = {
  bytes: ({ dimension }) => payloadBytes(dimension),
  reads: () => true,
  wrap: async (payload) => payload,
  unwrap: async (stored) => stored,
  unwrapOwn: async (stored) => stored,
};

/** Only their author, and members that must check them, can read the payloads. */
class SealedPayloads implements PayloadForm {
  readonly #reader: PayloadReader;

  constructor(reader: PayloadReader) {
    this.#reader = reader;
  }

  bytes(task: Pick<TaskState, 'dimension' | 'activeValidators' | 'aggregators'>): number {
    return sealedBytes(payloadBytes(task.dimension), 1 + checkersOf(task).length);
  }

  /** False if its key is not the one it joined with: it could open nothing, and must not accuse others of that. */
  reads({ task, members }: FormContext): boolean {
    const { account, peerId } = this.#reader;
    return isChecker(task, account) && peerOf(members, account).includes(peerId);
  }

  wrap(payload: Uint8Array, { task, members }: FormContext): Promise<Uint8Array> {
    // A member that has left keeps its slot and can open nothing: the size is the same for all rounds.
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

/** The error of a node that is asked to read a payload sealed to others. */
export function notSealedToThis(taskId: bigint): ChorusError {
  return new ChorusError('E_PAYLOAD_NOT_FOR_THIS_NODE', 'the payloads of the task are sealed to other keys', {
    facts: { taskId },
    hint: 'only validators and aggregators read payloads, with the node key they joined the task with',
  });
}
