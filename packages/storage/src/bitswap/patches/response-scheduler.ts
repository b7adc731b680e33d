import type { PeerId } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';
import pLimit from 'p-limit';
import { MAX_SERVED_AT_ONCE, MAX_SERVED_BYTES } from '../../core/limits.ts';

interface WantedBlock {
  cid: CID;
  status: 'want' | 'sending' | 'sent';
  /** Whether the peer wants to know if the block is not held, and whether it was informed. */
  sendDontHave: boolean;
  sentDoNotHave?: boolean;
  /** False if the block is known not to be held: such wants are dropped first if there are too many. */
  haveBlock?: boolean;
}

/** The record that @helia/bitswap (4.0) keeps for a peer: its wants, by hash. */
interface Ledger {
  wants: Map<string, WantedBlock>;
  removeExpiredWants(): void;
  /** Reads all blocks that are wanted and not yet sent into memory, then sends them. */
  sendBlocksToPeer(options?: object): Promise<void>;
}

/** Its collection of them. */
export interface Ledgers {
  readonly size: number;
  set(peer: PeerId, ledger: Ledger): unknown;
}

export interface ServingOptions {
  /** Size of a block in bytes; undefined if it is not held. */
  sizeOf: (cid: CID) => number | undefined;
  isConnected: (peer: PeerId) => boolean;
}

/**
 * Serve each peer a few megabytes at a time, and a bounded number of peers at once; the others wait. Blocks that are
 * not held are looked up only for peers that want an answer: bitswap would access the disk and create an error for
 * each, again with every message.
 *
 * By itself, bitswap reads everything a peer wants before it sends the first byte of it: a wantlist of 40 KB from a
 * peer that then reads nothing would hold a whole model in memory, for minutes, and as many peers as many models.
 */
export function boundResponses(ledgers: Ledgers, { sizeOf, isConnected }: ServingOptions): void {
  const set = ledgers.set.bind(ledgers);
  const turns = pLimit(MAX_SERVED_AT_ONCE);
  ledgers.set = (peer, ledger) => {
    const send = ledger.sendBlocksToPeer.bind(ledger);
    ledger.sendBlocksToPeer = async (options) => {
      ledger.removeExpiredWants();
      const { wants } = ledger;
      for (const part of partsOf(wants, sizeOf)) {
        await turns(() => {
          // It reads the wants before it waits for anything: the next call sees all of them again.
          ledger.wants = new Map(part.filter(([key, want]) => wants.get(key) === want));
          const sending = send(options);
          ledger.wants = wants;
          return sending;
        });
      }
    };
    // A message read after its peer has left: its wants would never be forgotten.
    return isConnected(peer) ? set(peer, ledger) : ledgers;
  };
}

/** The blocks and answers to send, in parts of at most {@link MAX_SERVED_BYTES}, or one block. */
function partsOf(
  wants: Iterable<[string, WantedBlock]>,
  sizeOf: (cid: CID) => number | undefined,
): (readonly [string, WantedBlock])[][] {
  const parts: [string, WantedBlock][][] = [];
  let left = 0;
  for (const [key, want] of wants) {
    if (want.status !== 'want') continue;
    const size = sizeOf(want.cid);
    want.haveBlock = size !== undefined;
    if (size === undefined && (!want.sendDontHave || want.sentDoNotHave)) continue;
    if (parts.length === 0 || (size ?? 0) > left) {
      parts.push([]);
      left = MAX_SERVED_BYTES;
    }
    parts.at(-1)?.push([key, want]);
    left -= size ?? 0;
  }
  return parts;
}
