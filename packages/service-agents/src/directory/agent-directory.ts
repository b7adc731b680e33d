import type { DirectoryList, DirectoryQuery } from '@chorus/admin-api';
import {
  type AgentRegistry,
  BEACONS_PROTOCOL,
  beaconTopic,
  decodeBeaconsRequest,
  encodeBeaconsResponse,
} from '@chorus/directory';
import type { Ports } from '@chorus/node';
import { Wakeable } from '@chorus/utils';
import { catchUp } from './catch-up.ts';
import { type FindOptions, findAgents } from './find-agents.ts';
import { HeardBeacons } from './heard-beacons.ts';
import type { Listings } from './listings.ts';
import { type OwnAgent, OwnBeacons, type OwnOptions } from './own-beacons.ts';

export interface DirectoryOptions extends Pick<OwnOptions, 'keySeed' | 'listings'> {
  ports: Ports;
  registry: () => Promise<AgentRegistry>;
  /** Agents of this node that may be announced now. */
  own: () => OwnAgent[];
  /** False: only tell of this node's agents, and keep no list of others. */
  listens: boolean;
  /** Called with what a turn failed of: it is tried again. */
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

/** What runs once the registry is known. */
interface Parts {
  registry: AgentRegistry;
  heard: HeardBeacons;
  own: OwnBeacons;
  close: () => void;
}

/** Whom this node has asked which agents they know. */
interface Asked {
  answered: Set<string>;
  /** Those that did not answer: how often, and when they may be asked again, ms since 1970. */
  failed: Map<string, { times: number; again: number }>;
  /** Since when, ms since 1970. */
  at: number;
}

/** Time between two turns of the directory, ms. */
const TURN_MILLISECONDS = 15_000;

/** Peers that are asked which agents they know, until this number has answered, and again after this time, ms. */
const ASKED_AT_START = 3;
/** One that does not answer as it should is asked again after this time, and each time after twice as long, ms. */
const ASK_FAILED_MILLISECONDS = 2_000;
const ASK_AGAIN_MILLISECONDS = 600_000;

/** The first turns follow each other faster, ms: a node that starts finds its peers within seconds. */
const FIRST_TURNS = { count: 30, milliseconds: 1_000 };

/**
 * The agents of the network: tells others of this node's agents, hears of theirs, checks them, and finds among them.
 * The chain says who exists, beacons say who is alive.
 */
export class AgentDirectory {
  readonly #options: DirectoryOptions;
  readonly #listings: Listings;
  readonly #turn = new Wakeable();
  #running: Promise<void> | null = null;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#listings = options.listings;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** After the signal was aborted: resolves when nothing runs any more. */
  async stop(): Promise<void> {
    await this.#running;
  }

  /** What this node serves has changed. */
  wake(): void {
    this.#turn.wake();
  }

  /** @param money what prices are compared in, and bounded by */
  find(query: DirectoryQuery, money: Omit<FindOptions, 'now'>): DirectoryList {
    return findAgents(this.#listings, query, { ...money, now: Date.now() });
  }

  /** Agents that can be found now. */
  get size(): number {
    return this.#listings.shown(Math.floor(Date.now() / 1_000));
  }

  async #run(): Promise<void> {
    const { signal, onError } = this.#options;
    let parts: Parts | null = null;
    const asked: Asked = { answered: new Set(), failed: new Map(), at: Date.now() };
    let asking: Promise<void> | null = null;
    for (let turn = 0; !signal.aborted; turn++) {
      this.#turn.looking();
      try {
        // The registry's address is on chain, which may not answer yet.
        parts ??= await this.#open();
        this.#listings.expire(Math.floor(Date.now() / 1_000));
        await parts.own.tell(this.#options.own());
        if (this.#options.listens) {
          // Not awaited: a peer may take its time, and what this node serves is announced meanwhile.
          asking ??= this.#ask(parts, asked)
            .catch(onError)
            .finally(() => {
              asking = null;
            });
        }
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
      const wait = turn < FIRST_TURNS.count ? FIRST_TURNS.milliseconds : TURN_MILLISECONDS;
      await this.#turn.until(Date.now() + wait, signal);
    }
    await asking;
    parts?.close();
    // Others learn at once that the agents of a node that ends are gone.
    await parts?.own.tell([]).catch(() => undefined);
  }

  /** Begin to listen and to answer. */
  async #open(): Promise<Parts> {
    const { ports, keySeed, signal, listens } = this.#options;
    const registry = await this.#options.registry();
    const listings = this.#listings;
    const heard = new HeardBeacons({ ports, registry, listings, signal });
    const own = new OwnBeacons({ ports, registry, listings, keySeed });
    const ends = listens
      ? [
          ports.network.subscribe(beaconTopic(registry), (message) => heard.onMessage(message)),
          ports.network.handle(BEACONS_PROTOCOL, async (request) => {
            const after = decodeBeaconsRequest(request);
            return encodeBeaconsResponse(listings.beacons(after, Math.floor(Date.now() / 1_000)));
          }),
        ]
      : [];
    const close = () => {
      for (const end of ends) end();
    };
    return { registry, heard, own, close };
  }

  async #ask({ registry, heard }: Parts, asked: Asked): Promise<void> {
    const { ports, signal } = this.#options;
    if (Date.now() - asked.at > ASK_AGAIN_MILLISECONDS)
      Object.assign(asked, { answered: new Set(), failed: new Map(), at: Date.now() });
    const { answered, failed } = asked;
    for (const peer of ports.network.peers()) {
      if (answered.size >= ASKED_AT_START || signal.aborted) return;
      const { times = 0, again = 0 } = failed.get(peer) ?? {};
      if (answered.has(peer) || again > Date.now()) continue;
      const take = (bytes: Uint8Array) => heard.onPassedOn(bytes);
      if (await catchUp(ports.network, registry, peer, take, signal)) answered.add(peer);
      else failed.set(peer, { times: times + 1, again: Date.now() + ASK_FAILED_MILLISECONDS * 2 ** times });
    }
  }
}
