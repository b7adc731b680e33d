import type { Libp2p, PeerId } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';
import { ASK_AGAIN_MS, HINTED_HEAD_START_MS, REACH_TIMEOUT_MS } from '../core/limits.ts';
import type { Budget } from './budget.ts';
import { BITSWAP, type BlockExchange } from './patches/block-exchange.ts';
import { Providers, RecentWants } from './providers.ts';
import { SendQueue } from './send-queue.ts';
import type { WantEntry } from './want-list.ts';

interface Want {
  cid: CID;
  /** Peers that probably have it, by text of their ids; asked before the others. */
  hinted: Map<string, PeerId>;
  /** Asked peers, and the time (milliseconds). */
  asked: Map<string, { peer: PeerId; at: number; served: boolean }>;
  waiting: number;
  block: Promise<Uint8Array>;
  supply: (block: Uint8Array) => void;
  stop: AbortController;
  /** Asks again. */
  timer: NodeJS.Timeout | undefined;
  /** Asks the next of those hinted. */
  next: NodeJS.Timeout | undefined;
  /** Timer that asks everyone, once the hinted peers had their time. */
  everyone: NodeJS.Timeout | undefined;
  /** Time at which everyone is asked, unix milliseconds. */
  opensAt: number;
  rounds: number;
}

/**
 * The wanted blocks, and the choice of peers to ask for them.
 *
 * Each block is requested from one of the peers named as holders of the file, the one expected to serve it first, and
 * from the next when it takes longer than that peer usually does: a file comes from all of them at once, each block
 * once. Every other connected peer is asked if none is named, none can be reached, or none has served anything for
 * five seconds or half the timeout. An unserved want is sent again (a peer may have got the block meanwhile, or lost
 * the message), and cancelled everywhere when the block arrives.
 */
export class WantManager {
  readonly #libp2p: Libp2p;
  readonly #exchange: BlockExchange;
  readonly #budget: Budget;
  readonly #onWrongBlock: (peer: string) => void;
  readonly #wants = new Map<string, Want>();
  readonly #outboxes = new Map<string, SendQueue>();
  readonly #providers = new Providers();
  readonly #recent = new RecentWants();
  #topology: string | undefined;

  /** `onWrongBlock` is called with peers that sent a block that was never requested. */
  constructor(libp2p: Libp2p, exchange: BlockExchange, budget: Budget, onWrongBlock: (peer: string) => void) {
    this.#budget = budget;
    this.#libp2p = libp2p;
    this.#exchange = exchange;
    this.#onWrongBlock = onWrongBlock;
  }

  async start(): Promise<void> {
    this.#exchange.onBlock((cid, sender, bytes) => this.#received(cid, sender, bytes));
    this.#topology = await this.#libp2p.register(BITSWAP, {
      notifyOnLimitedConnection: true,
      onConnect: (peer) => {
        for (const want of this.#wants.values()) {
          if (want.hinted.has(peer.toString()) && !this.#isHintedAsked(want)) this.#askNext(want);
          else if (this.#isOpenToAll(want)) this.#ask(want, peer);
        }
      },
    });
    this.#libp2p.addEventListener('peer:disconnect', this.#onLeaving);
  }

  /** A peer that never announced bitswap also has a budget once it has sent something. */
  readonly #onLeaving = ({ detail: peer }: CustomEvent<PeerId>): void => {
    const key = peer.toString();
    this.#outboxes.delete(key);
    this.#providers.forget(key);
    this.#budget.forget(key);
    for (const want of this.#wants.values()) {
      // Ask the next holder now, not only once the peer that left would have been late.
      if (want.asked.delete(key)) this.#askNext(want);
    }
  };

  stop(): void {
    this.#libp2p.removeEventListener('peer:disconnect', this.#onLeaving);
    if (this.#topology) this.#libp2p.unregister(this.#topology);
    for (const want of this.#wants.values()) {
      clearTimers(want);
      want.stop.abort(new Error('storage is closed'));
    }
    this.#wants.clear();
  }

  /**
   * The block, from any peer that has it. Rejects with the signal's reason; the signal must abort after `timeoutMs`.
   */
  async fetch(cid: CID, from: PeerId[], signal: AbortSignal, timeoutMs: number): Promise<Uint8Array> {
    signal.throwIfAborted();
    const key = cid.toString();
    const want = this.#wants.get(key) ?? this.#add(key, cid);
    want.waiting++;
    for (const peer of from) {
      if (!peer.equals(this.#libp2p.peerId)) want.hinted.set(peer.toString(), peer);
    }
    if (want.hinted.size === 0) this.#askAll(want);
    else {
      this.#openIn(want, Math.min(HINTED_HEAD_START_MS, timeoutMs / 2));
      this.#reachHinted(want);
      this.#askNext(want);
    }
    try {
      return await raceAbort(want.block, signal);
    } finally {
      if (--want.waiting === 0) this.#drop(key, want);
    }
  }

  /** The block is now held locally by other means: resolve all that wait for it. */
  supply(cid: CID, block: Uint8Array): void {
    this.#wants.get(cid.toString())?.supply(block);
  }

  #received(cid: CID, sender: string, bytes: number): void {
    if (!this.#recent.has(digestOf(cid))) {
      this.#onWrongBlock(sender);
      return;
    }
    const asked = this.#wants.get(cid.toString())?.asked.get(sender);
    if (!asked || asked.served) return;
    asked.served = true;
    this.#providers.served(sender, Date.now() - asked.at, bytes);
  }

  #add(key: string, cid: CID): Want {
    const stop = new AbortController();
    const here = Promise.withResolvers<Uint8Array>();
    const elsewhere = this.#exchange.retrieve(cid, { signal: stop.signal });
    const want: Want = {
      cid,
      hinted: new Map(),
      asked: new Map(),
      waiting: 0,
      block: Promise.race([here.promise, elsewhere]),
      supply: here.resolve,
      stop,
      timer: undefined,
      next: undefined,
      everyone: undefined,
      opensAt: Number.POSITIVE_INFINITY,
      rounds: 0,
    };
    want.block.catch(() => undefined);
    this.#wants.set(key, want);
    this.#recent.open(digestOf(cid));
    this.#schedule(want);
    return want;
  }

  #schedule(want: Want): void {
    want.timer = setTimeout(
      () => {
        want.rounds++;
        for (const { peer } of [...want.asked.values()]) this.#ask(want, peer);
        this.#reachHinted(want);
        if (!this.#isHintedAsked(want)) this.#askNext(want);
        if (this.#isOpenToAll(want)) this.#askAll(want);
        this.#schedule(want);
      },
      ASK_AGAIN_MS * Math.min(4, 2 ** want.rounds),
    );
  }

  /**
   * Give the hinted peers at most that long. A cut connection looks like any other for a while: a want that waits for
   * its peer alone until the timeout would get nothing from others that have the block.
   */
  #openIn(want: Want, ms: number): void {
    const at = Date.now() + ms;
    if (at >= want.opensAt) return;
    want.opensAt = at;
    clearTimeout(want.everyone);
    want.everyone = setTimeout(() => {
      if (this.#isOpenToAll(want)) this.#askAll(want);
    }, ms);
  }

  #drop(key: string, want: Want): void {
    clearTimers(want);
    if (this.#wants.get(key) === want) this.#wants.delete(key);
    this.#recent.close(digestOf(want.cid));
    want.stop.abort(new Error('no longer wanted'));
    for (const [name, { peer, served }] of want.asked) {
      if (!served) this.#providers.dropped(name);
      // Also to the one that served it: it would not send the block again for a while, should it get lost here.
      this.#post(peer, { cid: want.cid, cancel: true });
    }
  }

  #isOpenToAll(want: Want): boolean {
    const hinted = [...want.hinted];
    if (!hinted.some(([, peer]) => this.#isConnected(peer))) return true;
    if (Date.now() < want.opensAt) return false;
    return !hinted.some(([name]) => this.#providers.serves(name));
  }

  #isConnected(peer: PeerId): boolean {
    return this.#libp2p.getConnections(peer).length > 0;
  }

  #isHintedAsked(want: Want): boolean {
    return [...want.hinted.keys()].some((name) => want.asked.has(name));
  }

  /** Ask the best hinted, connected peer that was not asked yet, and the next if it is slow. */
  #askNext(want: Want): void {
    const left = [...want.hinted].filter(([name, peer]) => !want.asked.has(name) && this.#isConnected(peer));
    const best = this.#providers.best(left.map(([name]) => name));
    if (best === undefined || want.stop.signal.aborted) return;
    this.#ask(want, want.hinted.get(best) as PeerId);
    if (want.hinted.size > 1) this.#waitFor(want, best);
  }

  /** Ask the next when this peer takes too long; not while it serves other wants of this node. */
  #waitFor(want: Want, peer: string): void {
    const since = Date.now();
    clearTimeout(want.next);
    want.next = setTimeout(() => {
      if (want.asked.has(peer) && this.#providers.servedSince(peer, since)) this.#waitFor(want, peer);
      else this.#askNext(want);
    }, this.#providers.patience(peer));
  }

  /**
   * Connect to the hinted peers, and ask the first one connected if none was asked; the others wait for their turn.
   */
  #reachHinted(want: Want): void {
    for (const peer of want.hinted.values()) {
      if (this.#isConnected(peer)) continue;
      this.#libp2p
        .dial(peer, { signal: AbortSignal.any([want.stop.signal, AbortSignal.timeout(REACH_TIMEOUT_MS)]) })
        .then(() => {
          if (!this.#isHintedAsked(want)) this.#askNext(want);
        })
        .catch(() => undefined); // tried again with the next round
    }
  }

  #askAll(want: Want): void {
    for (const peer of this.#libp2p.getPeers()) this.#ask(want, peer);
  }

  #ask(want: Want, peer: PeerId): void {
    const key = peer.toString();
    if (!want.asked.has(key)) {
      want.asked.set(key, { peer, at: Date.now(), served: false });
      this.#providers.asked(key);
      this.#budget.asked(key);
    }
    this.#post(peer, { cid: want.cid, cancel: false });
  }

  #post(peer: PeerId, entry: WantEntry): void {
    const key = peer.toString();
    let outbox = this.#outboxes.get(key);
    if (!outbox) {
      outbox = new SendQueue(this.#libp2p, peer);
      this.#outboxes.set(key, outbox);
    }
    outbox.post(entry);
  }
}

function clearTimers({ timer, next, everyone }: Want): void {
  for (const pending of [timer, next, everyone]) clearTimeout(pending);
}

/** Bitswap's key of a block: it reports only the hash of the data. */
function digestOf(cid: CID): string {
  return Buffer.from(cid.multihash.bytes).toString('base64');
}

/** The promise's outcome, or the signal's reason if that comes first. Leaves no listener behind. */
async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
