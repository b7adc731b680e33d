import type { PeerId } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';
import pLimit from 'p-limit';
import { MAX_SERVED_AT_ONCE, MAX_SERVED_BYTES } from './limits.ts';

interface WantedBlock {
  cid: CID;
  status: 'want' | 'sending' | 'sent';
  /** The peer is to be told where the block is not held; and whether it was. */
  sendDontHave: boolean;
  sentDoNotHave?: boolean;
  /** False where it is known not to be held: such wants go first where there are too many. */
  haveBlock?: boolean;
}

/** What @helia/bitswap (4.0) keeps of a peer: its wants, by hash. */
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
  /** Bytes of a block; undefined where it is not held. */
  sizeOf: (cid: CID) => number | undefined;
  isConnected: (peer: PeerId) => boolean;
}

/**
 * Serve each peer a few megabytes at a time, and so many peers at once; the others wait. What is not held, and nobody
 * is to be told so, is not looked for: bitswap asks the disk and makes an error for each, with every message anew.
 *
 * Left alone, bitswap reads everything a peer wants before it sends the first byte of it: a wantlist of 40 KB from a
 * peer that then reads nothing would hold a whole model in memory, for minutes, and as many peers as many models.
 */
export function boundServing(ledgers: Ledgers, { sizeOf, isConnected }: ServingOptions): void {
  const set = ledgers.set.bind(ledgers);
  const turns = pLimit(MAX_SERVED_AT_ONCE);
  ledgers.set = (peer, ledger) => {
    const send = ledger.sendBlocksToPeer.bind(ledger);
    ledger.sendBlocksToPeer = async (options) => {
      ledger.removeExpiredWants();
      const { wants } = ledger;
      for (const part of partsOf(wants, sizeOf)) {
        await turns(() => {
          // It looks at the wants before it waits for anything: whoever comes next sees all of them again.
          ledger.wants = new Map(part.filter(([key, want]) => wants.get(key) === want));
          const sending = send(options);
          ledger.wants = wants;
          return sending;
        });
      }
    };
    // A message that is read after its peer has gone: nobody would ever forget these wants.
    return isConnected(peer) ? set(peer, ledger) : ledgers;
  };
}

/** What there is to send or to say, in parts of at most {@link MAX_SERVED_BYTES}, or one block. */
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
