import { type Address, type Feedback, type Hex, MAX_FEEDBACK, MAX_FEEDBACK_BYTES } from '@chorus/protocol';
import { toBeHex } from 'ethers';
import { REPUTATIONS } from '../abi/abis.ts';
import { textIn } from '../abi/text.ts';
import { EventIndex, type EventIndexOptions } from './event-index.ts';
import type { EventStore, IndexedLog } from './store.ts';

const GIVEN = REPUTATIONS.getEvent('NewFeedback')!.topicHash;
/** Revocations of one identity's feedback that are read: more than that cost more gas than they can undo. */
const MAX_REVOKED = 16 * MAX_FEEDBACK;

const REVOKED = REPUTATIONS.getEvent('FeedbackRevoked')!.topicHash;

export interface FeedbackIndexOptions extends Omit<EventIndexOptions, 'contracts' | 'store'> {
  registry: Address;
  store: EventStore;
  /** How long what was read counts as new: the feedback on many agents is often asked for at once. */
  freshMilliseconds: number;
}

/** Feedback on agents in a local store, read from the events of the reputation registry. */
export class FeedbackIndex {
  readonly #store: EventStore;
  readonly #index: EventIndex;
  readonly #freshMilliseconds: number;
  #reading: Promise<unknown> | null = null;
  /** ms of the process, of the end of the last reading. */
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: FeedbackIndexOptions) {
    const { registry, store, freshMilliseconds, ...rest } = options;
    this.#freshMilliseconds = freshMilliseconds;
    this.#store = store;
    this.#index = new EventIndex({ ...rest, contracts: [registry], store: onlyFeedback(store) });
  }

  /**
   * Feedback on an identity that was not revoked, in the order of the chain: the latest {@link MAX_FEEDBACK}.
   * @throws ChainError `E_CHAIN_UNREACHABLE`; what was read until then is stored
   */
  async on(agentId: bigint): Promise<Feedback[]> {
    await this.#catchUp();
    const subject = toBeHex(agentId, 32);
    const [given, revoked] = await Promise.all([
      this.#store.logs({ topics: [GIVEN, subject], last: MAX_FEEDBACK }),
      this.#store.logs({ topics: [REVOKED, subject], last: MAX_REVOKED }),
    ]);
    const gone = new Set(revoked.map(({ topics }) => keyOf(topics[2]!, BigInt(topics[3]!))));
    return given.map(feedbackOf).filter(({ client, index }) => !gone.has(keyOf(toBeHex(client, 32), index)));
  }

  /** What this account has just written is to be seen at once. */
  expire(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  /** After the signal was aborted. */
  async close(): Promise<void> {
    await this.#reading?.catch(() => undefined);
    await this.#store.close();
  }

  async #catchUp(): Promise<void> {
    if (performance.now() - this.#readAt < this.#freshMilliseconds) return;
    this.#reading ??= this.#index
      .sync()
      .then(() => {
        this.#readAt = performance.now();
      })
      .finally(() => {
        this.#reading = null;
      });
    await this.#reading;
  }
}

const keyOf = (client: string, index: bigint): string => `${client} ${index}`;

/** A store that keeps feedback and its revocations, none of them long: anyone may write events of any length. */
function onlyFeedback(store: EventStore): EventStore {
  const isKept = ({ topics, data }: IndexedLog): boolean =>
    topics[0] === REVOKED || (topics[0] === GIVEN && data.length <= 2 + 2 * MAX_FEEDBACK_BYTES);
  return { ...store, append: (logs, head) => store.append(logs.filter(isKept), head) };
}

function feedbackOf({ topics, data, blockNumber, transactionHash }: IndexedLog): Feedback {
  const { args } = REPUTATIONS.parseLog({ topics: [...topics], data })!;
  return {
    client: String(args.clientAddress).toLowerCase() as Address,
    index: args.feedbackIndex,
    value: args.value,
    decimals: Number(args.valueDecimals),
    tag1: textIn(args, 'tag1'),
    tag2: textIn(args, 'tag2'),
    endpoint: textIn(args, 'endpoint'),
    uri: textIn(args, 'feedbackURI'),
    digest: args.feedbackHash as Hex,
    block: blockNumber,
    transaction: transactionHash as Hex,
  };
}
