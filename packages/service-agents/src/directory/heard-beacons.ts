import { type AgentRegistry, type Beacon, readBeacon } from '@chorus/directory';
import type { Ports } from '@chorus/node';
import { explain, hasCode, type TopicMessage, type Verdict } from '@chorus/protocol';
import { TokenBucket } from '@chorus/utils';
import pLimit from 'p-limit';
import { checkAgent } from './check-agent.ts';
import {
  CHECKS_AT_ONCE,
  CLOCK_SECONDS,
  MAX_AGENTS,
  MAX_AGENTS_PER_PEER,
  MAX_DOUBTS,
  MAX_REFUSED,
  MAX_WAITING,
  NEW_AGENTS_AT_ONCE,
  NEW_AGENTS_PER_SECOND,
  PROBE_MILLISECONDS,
  REFUSED_MILLISECONDS,
  RETRY_MILLISECONDS,
} from './limits.ts';
import type { DirectoryEntry, Listings } from './listings.ts';

export interface HeardOptions {
  ports: Pick<Ports, 'chain' | 'network'>;
  registry: AgentRegistry;
  listings: Listings;
  signal: AbortSignal;
}

interface Waiting {
  beacon: Beacon;
  bytes: Uint8Array;
  /** The peer that it names has sent it. */
  isFirstHand: boolean;
}

/** Two peers may announce one agent: neither takes the place of the other. */
const keyOf = ({ agentId, peerId }: Beacon): string => `${agentId} ${peerId}`;

/**
 * Beacons of other nodes: each is read, bounded, and its agent checked before it is shown. A beacon proves only who
 * sent it.
 */
export class HeardBeacons {
  readonly #options: HeardOptions;
  readonly #newAgents = new TokenBucket(NEW_AGENTS_PER_SECOND, NEW_AGENTS_AT_ONCE);
  readonly #checks = pLimit(CHECKS_AT_ONCE);
  /** The latest beacon of each agent and peer that waits for its check. */
  readonly #waiting = new Map<string, Waiting>();
  /** Peers whose agents were not what they say: how often, and until when that counts (ms since 1970). */
  readonly #doubts = new Map<string, { count: number; until: number }>();

  constructor(options: HeardOptions) {
    this.#options = options;
  }

  /** A beacon of gossip: its author is the peer that it names. */
  onMessage({ data, from }: Pick<TopicMessage, 'data' | 'from'>): Verdict {
    let beacon: Beacon;
    try {
      beacon = readBeacon(this.#options.registry, data);
    } catch {
      return 'reject';
    }
    return beacon.peerId === from ? this.#take(beacon, data, true) : 'reject';
  }

  /** A beacon that another peer passes on: its signature alone says whose it is, and it may be an old one. */
  onPassedOn(data: Uint8Array): void {
    this.#take(readBeacon(this.#options.registry, data), data, false);
  }

  #take(beacon: Beacon, bytes: Uint8Array, isFirstHand: boolean): Verdict {
    const { listings } = this.#options;
    const { agentId, peerId, issuedAt, expiresAt } = beacon;
    const now = Date.now() / 1_000;
    if (issuedAt > now + CLOCK_SECONDS) return 'ignore';
    const known = listings.get(agentId);
    const ofSamePeer = known?.peerId === peerId;
    if (known && ofSamePeer && known.issuedAt >= issuedAt) return 'ignore';
    if (expiresAt === issuedAt) {
      // Only the peer that serves an agent takes it back.
      if (!ofSamePeer) return 'ignore';
      listings.remove(agentId);
      return 'accept';
    }
    if (expiresAt <= now) return 'ignore';
    const isDue = !known || !ofSamePeer || this.#isDue(known, beacon);
    // Its check may have to wait for those of others; it was a quarter of an hour ago at most that it answered.
    if (known && ofSamePeer && (!isDue || isOfCard(known, beacon))) {
      listings.refresh(agentId, { issuedAt, expiresAt, beacon: bytes, addresses: beacon.addresses });
    }
    if (!isDue) return 'accept';
    return this.#isAdmitted(beacon, ofSamePeer) ? this.#queue({ beacon, bytes, isFirstHand }) : 'ignore';
  }

  /** Whether the agent has to be checked (again). */
  #isDue(known: DirectoryEntry, beacon: Beacon): boolean {
    const since = Date.now() - (known.probedAt ?? 0);
    if (!known.listing) return since > RETRY_MILLISECONDS;
    return !isOfCard(known, beacon) || since > PROBE_MILLISECONDS;
  }

  #isAdmitted(beacon: Beacon, isKnown: boolean): boolean {
    const { listings } = this.#options;
    const { peerId } = beacon;
    if (this.#isRefused(peerId)) return false;
    if (this.#waiting.size >= MAX_WAITING && !this.#waiting.has(keyOf(beacon))) return false;
    if (isKnown) return true;
    if (listings.count(peerId) >= MAX_AGENTS_PER_PEER || listings.count() >= MAX_AGENTS) return false;
    if (this.#newAgents.waitMs() > 0) return false;
    this.#newAgents.take(1);
    return true;
  }

  #queue(given: Waiting): Verdict {
    const key = keyOf(given.beacon);
    const waiting = this.#waiting.get(key);
    if (waiting && waiting.beacon.issuedAt >= given.beacon.issuedAt) return 'ignore';
    this.#waiting.set(key, given);
    if (!waiting) void this.#checks(() => this.#check(key));
    return 'accept';
  }

  async #check(key: string): Promise<void> {
    const { ports, registry, listings, signal } = this.#options;
    const { beacon, bytes, isFirstHand } = this.#waiting.get(key)!;
    this.#waiting.delete(key);
    if (signal.aborted) return;
    const { agentId, peerId, issuedAt, expiresAt } = beacon;
    const entry = { agentId, peerId, issuedAt, expiresAt, beacon: bytes, probedAt: Date.now() };
    try {
      const listing = await checkAgent(ports, registry, beacon, signal);
      if (!signal.aborted) listings.put({ ...entry, listing, problem: null });
    } catch (error) {
      if (signal.aborted) return;
      if (hasCode(error, 'E_AGENT_IDENTITY')) {
        // What the chain no longer confirms is no longer shown.
        if (listings.get(agentId)?.peerId === peerId) listings.remove(agentId);
        // What was passed on may be old: then it says nothing against the peer that once signed it.
        if (isFirstHand) this.#doubt(peerId);
        return;
      }
      // The card has changed, and its next beacon is on the way.
      if (hasCode(error, 'E_AGENT_BEACON')) return;
      // Another peer may say so of an agent that is served elsewhere.
      const known = listings.get(agentId);
      if (known && known.peerId !== peerId) return;
      const { code, message } = explain(error);
      listings.put({ ...entry, listing: null, problem: `${code}: ${message}` });
    }
  }

  #doubt(peerId: string): void {
    const { count = 0 } = this.#doubts.get(peerId) ?? {};
    if (this.#doubts.size >= MAX_REFUSED) this.#doubts.delete(this.#doubts.keys().next().value!);
    this.#doubts.set(peerId, { count: count + 1, until: Date.now() + REFUSED_MILLISECONDS });
  }

  #isRefused(peerId: string): boolean {
    const doubt = this.#doubts.get(peerId);
    if (!doubt) return false;
    if (doubt.until > Date.now()) return doubt.count >= MAX_DOUBTS;
    this.#doubts.delete(peerId);
    return false;
  }
}

/** Whether a beacon announces the card that was checked. */
const isOfCard = ({ listing }: DirectoryEntry, { cardDigest }: Beacon): boolean =>
  listing?.card === Buffer.from(cardDigest).toString('hex');
