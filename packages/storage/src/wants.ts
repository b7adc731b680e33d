import type { Libp2p, PeerId } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';
import { BITSWAP, type BlockExchange } from './bitswap.ts';
import { ASK_AGAIN_MS, ASK_TIMEOUT_MS, HINTED_HEAD_START_MS } from './limits.ts';
import { encodeWantlist, type WantEntry } from './wantlist.ts';

interface Want {
  cid: CID;
  /** Peers believed to have it, by text of their ids; asked before the others. */
  hinted: Map<string, PeerId>;
  asked: Map<string, PeerId>;
  waiting: number;
  block: Promise<Uint8Array>;
  supply: (block: Uint8Array) => void;
  stop: AbortController;
  timer: NodeJS.Timeout | undefined;
  started: number;
  rounds: number;
}

/**
 * The blocks wanted, and whom to ask for them.
 *
 * Peers named as holding a block are dialled and asked at once; every other connected peer is asked where none
 * is named, none can be reached, or none delivered within five seconds. A want is sent again while nobody served it (a peer may
 * have got the block meanwhile, or lost our message), and cancelled everywhere when the block arrives.
 */
export class Wants {
  readonly #libp2p: Libp2p;
  readonly #exchange: BlockExchange;
  readonly #wants = new Map<string, Want>();
  readonly #outboxes = new Map<string, Outbox>();
  #topology: string | undefined;

  constructor(libp2p: Libp2p, exchange: BlockExchange) {
    this.#libp2p = libp2p;
    this.#exchange = exchange;
  }

  async start(): Promise<void> {
    this.#topology = await this.#libp2p.register(BITSWAP, {
      onConnect: (peer) => {
        for (const want of this.#wants.values()) {
          if (want.hinted.has(peer.toString()) || this.#isOpenToAll(want)) this.#ask(want, peer);
        }
      },
      onDisconnect: (peer) => {
        this.#outboxes.delete(peer.toString());
        for (const want of this.#wants.values()) want.asked.delete(peer.toString());
      },
    });
  }

  stop(): void {
    if (this.#topology) this.#libp2p.unregister(this.#topology);
    for (const want of this.#wants.values()) {
      clearTimeout(want.timer);
      want.stop.abort(new Error('storage is closed'));
    }
    this.#wants.clear();
  }

  /** The block, from whoever has it. Rejects with the signal's reason. */
  async fetch(cid: CID, from: PeerId[], signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    const key = cid.toString();
    const want = this.#wants.get(key) ?? this.#add(key, cid);
    want.waiting++;
    for (const peer of from) this.#hint(want, peer);
    if (want.hinted.size === 0) this.#askAll(want);
    try {
      return await raceAbort(want.block, signal);
    } finally {
      if (--want.waiting === 0) this.#drop(key, want);
    }
  }

  /** The block has come to be held here by other means: whoever waits for it has it. */
  supply(cid: CID, block: Uint8Array): void {
    this.#wants.get(cid.toString())?.supply(block);
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
      started: Date.now(),
      rounds: 0,
    };
    want.block.catch(() => undefined);
    this.#wants.set(key, want);
    this.#schedule(want);
    return want;
  }

  #schedule(want: Want): void {
    want.timer = setTimeout(
      () => {
        want.rounds++;
        for (const peer of want.hinted.values()) this.#reach(want, peer);
        if (this.#isOpenToAll(want)) this.#askAll(want);
        this.#schedule(want);
      },
      ASK_AGAIN_MS * Math.min(4, 2 ** want.rounds),
    );
  }

  #drop(key: string, want: Want): void {
    clearTimeout(want.timer);
    if (this.#wants.get(key) === want) this.#wants.delete(key);
    want.stop.abort(new Error('no longer wanted'));
    for (const peer of want.asked.values()) this.#post(peer, { cid: want.cid, cancel: true });
  }

  #isOpenToAll(want: Want): boolean {
    if (Date.now() - want.started >= HINTED_HEAD_START_MS) return true;
    return ![...want.hinted.values()].some((peer) => this.#libp2p.getConnections(peer).length > 0);
  }

  #hint(want: Want, peer: PeerId): void {
    const key = peer.toString();
    if (want.hinted.has(key) || peer.equals(this.#libp2p.peerId)) return;
    want.hinted.set(key, peer);
    this.#reach(want, peer);
  }

  /** Ask a peer, connecting first. */
  #reach(want: Want, peer: PeerId): void {
    if (this.#libp2p.getConnections(peer).length > 0) {
      this.#ask(want, peer);
      return;
    }
    this.#libp2p
      .dial(peer, { signal: AbortSignal.any([want.stop.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]) })
      .then(() => {
        if (!want.stop.signal.aborted) this.#ask(want, peer);
      })
      .catch(() => undefined); // tried again with the next round
  }

  #askAll(want: Want): void {
    for (const peer of this.#libp2p.getPeers()) this.#ask(want, peer);
  }

  #ask(want: Want, peer: PeerId): void {
    want.asked.set(peer.toString(), peer);
    this.#post(peer, { cid: want.cid, cancel: false });
  }

  #post(peer: PeerId, entry: WantEntry): void {
    const key = peer.toString();
    let outbox = this.#outboxes.get(key);
    if (!outbox) {
      outbox = new Outbox(this.#libp2p, peer);
      this.#outboxes.set(key, outbox);
    }
    outbox.post(entry);
  }
}

/** What waits to be told to one peer. One message at a time, so that a cancel never overtakes its want. */
class Outbox {
  readonly #libp2p: Libp2p;
  readonly #peer: PeerId;
  #entries = new Map<string, WantEntry>();
  #sending = false;

  constructor(libp2p: Libp2p, peer: PeerId) {
    this.#libp2p = libp2p;
    this.#peer = peer;
  }

  post(entry: WantEntry): void {
    this.#entries.set(entry.cid.toString(), entry);
    if (this.#sending) return;
    this.#sending = true;
    // What is said in the same turn travels in one message.
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#entries.size > 0) {
      const entries = [...this.#entries.values()];
      this.#entries = new Map();
      try {
        await this.#send(encodeWantlist(entries));
      } catch {
        // The peer is gone, hangs or does not speak bitswap; a want is sent again with its next round.
      }
    }
    this.#sending = false;
  }

  async #send(message: Uint8Array): Promise<void> {
    // A peer that has gone is not worth a dial to tell it something.
    const connection = this.#libp2p.getConnections(this.#peer)[0];
    if (!connection) return;
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    const stream = await connection.newStream(BITSWAP, { signal });
    try {
      await stream.closeRead({ signal });
      if (!stream.send(message)) await stream.onDrain({ signal });
      await stream.close({ signal });
    } catch (error) {
      stream.abort(error as Error);
      throw error;
    }
  }
}

/** The promise's outcome, or the signal's reason if that comes first. Leaves no listener behind. */
async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
