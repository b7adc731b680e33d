import { withBitswap } from '@helia/bitswap';
import type { Connection, Libp2p, PeerId, StreamHandler } from '@libp2p/interface';
import { defaultLogger } from '@libp2p/logger';
import type { Blockstore } from 'interface-blockstore';
import type { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import {
  MAX_PEER_STREAMS,
  MAX_PEER_WANTS,
  MAX_SERVED_AT_ONCE,
  RESEND_WINDOW_MS,
  TRANSFER_TIMEOUT_MS,
} from '../../core/limits.ts';
import { abortStream } from './abort-stream.ts';
import { boundResponses, type Ledgers } from './response-scheduler.ts';

export const BITSWAP = '/ipfs/bitswap/1.2.0';

/** The part of Helia's bitswap in use: it serves blocks, and delivers those that arrive. */
export interface BlockExchange {
  /** Resolves when a block with this CID arrives from any peer; its hash has been checked. */
  retrieve(cid: CID, options: { signal: AbortSignal }): Promise<Uint8Array>;
  /** Send a newly held block to the peers that want it. */
  announce(cid: CID): Promise<void>;
  /** Called with every block that arrives, wanted or not. */
  onBlock(listener: (cid: CID, sender: string, bytes: number) => void): void;
  /** Peers whose wants are remembered. */
  remembered(): number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The part of Helia's broker in use; `bitswap` is private there. It is the only way to learn of unwanted blocks, and
 * to bound what is sent.
 */
interface Broker extends Omit<BlockExchange, 'onBlock' | 'remembered'> {
  bitswap?: { wantList?: EventTarget; peerWantLists?: { ledgerMap?: Ledgers } };
}

interface Arrival {
  cid: CID;
  connection: Connection;
  block: Uint8Array;
}

type Host = Parameters<typeof withBitswap>[0];

/**
 * Helia's bitswap on a libp2p node that already runs.
 *
 * Bitswap is a mixin of Helia and needs only the parts given here. The rest of Helia 7 is left out: its entry
 * point loads WebRTC, WebSockets, UPnP, ACME and HTTP gateways (1.3 s and 110 MB for each process), and its
 * block store announces a block before it is stored, and lets one waiting fetch hold up every removal.
 *
 * Bitswap learns of no connections, so it broadcasts no wants: `WantManager` decides whom to ask. Its own broadcast waits
 * for the slowest peer before the next one, and never sends cancels, so that every node with a block would send it to
 * each node that wants it.
 */
export async function startBitswap(
  libp2p: Libp2p,
  blockstore: Blockstore,
  sizeOf: (cid: CID) => number | undefined,
  timeoutMs = TRANSFER_TIMEOUT_MS,
): Promise<BlockExchange> {
  const leaving = new Leaving(libp2p);
  let start: ((host: unknown) => Promise<void>) | undefined;
  let exchange: Broker | undefined;
  const host = {
    status: 'starting',
    libp2p: withoutBroadcast(libp2p, leaving),
    blockstore,
    routing: { findProviders: async function* () {} },
    logger: defaultLogger(),
    getHasher: () => sha256,
    hasBlockBroker: () => false,
    addMixin: (mixin: { start(host: unknown): Promise<void> }) => {
      start = (h) => mixin.start(h);
    },
    addBlockBroker: (broker: unknown) => {
      exchange = broker as Broker;
    },
  };
  withBitswap(host as unknown as Host, {
    messageReceiveTimeout: timeoutMs,
    messageSendTimeout: timeoutMs,
    runOnLimitedConnections: true,
    maxInboundStreams: MAX_PEER_STREAMS,
    maxOutboundStreams: MAX_PEER_STREAMS,
    maxWantlistSize: MAX_PEER_WANTS,
    messageSendConcurrency: MAX_SERVED_AT_ONCE,
    doNotResendBlockWindow: RESEND_WINDOW_MS,
  });
  await start?.(host);
  const broker = exchange;
  const arrivals = broker?.bitswap?.wantList;
  const ledgers = broker?.bitswap?.peerWantLists?.ledgerMap;
  if (!broker || !arrivals || !ledgers)
    throw new Error('@helia/bitswap is not the version this was written for');
  boundResponses(ledgers, { sizeOf, isConnected: (peer) => libp2p.getConnections(peer).length > 0 });
  return {
    remembered: () => ledgers.size,
    retrieve: (cid, options) => broker.retrieve(cid, options),
    announce: (cid) => broker.announce(cid),
    onBlock: (listener) =>
      arrivals.addEventListener('block', (event) => {
        const { cid, connection, block } = (event as CustomEvent<Arrival>).detail;
        listener(cid, connection.remotePeer.toString(), block.length);
      }),
    start: () => broker.start(),
    stop: async () => {
      leaving.close();
      await broker.stop();
    },
  };
}

/** Reports every peer that leaves. libp2p's topologies report only those that announced the protocol. */
class Leaving {
  readonly #libp2p: Libp2p;
  #listener: ((event: CustomEvent<PeerId>) => void) | undefined;

  constructor(libp2p: Libp2p) {
    this.#libp2p = libp2p;
  }

  tell(listener: (peer: PeerId) => void): void {
    this.#listener = ({ detail }) => listener(detail);
    this.#libp2p.addEventListener('peer:disconnect', this.#listener);
  }

  close(): void {
    if (this.#listener) this.#libp2p.removeEventListener('peer:disconnect', this.#listener);
  }
}

/**
 * The node as bitswap sees it: it learns of no connecting peers, only of leaving ones, and no stream outlives its
 * end.
 */
function withoutBroadcast(libp2p: Libp2p, leaving: Leaving): Libp2p {
  return new Proxy(libp2p, {
    get(target, name) {
      if (name === 'getConnections') return () => [];
      if (name === 'handle') {
        return (protocols: string[], handler: StreamHandler, options?: object) =>
          target.handle(protocols, (stream, connection) => handler(abortStream(stream), connection), options);
      }
      if (name === 'register') {
        return (protocol: string, topology: { onDisconnect?: (peer: PeerId) => void }) => {
          leaving.tell((peer) => topology.onDisconnect?.(peer));
          return target.register(protocol, {});
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
