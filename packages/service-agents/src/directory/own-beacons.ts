import { createHash } from 'node:crypto';
import { type AgentRegistry, type Beacon, beaconTopic, isConfirmed, signBeacon } from '@chorus/directory';
import type { Ports } from '@chorus/node';
import { sameAddress } from '@chorus/protocol';
import { listingOf, tillIfPaid } from './check-agent.ts';
import { BEACON_INTERVAL_SECONDS, BEACON_SECONDS, REPEAT_SECONDS } from './limits.ts';
import type { Listings } from './listings.ts';

/** An agent of this node that may be announced. */
export interface OwnAgent {
  name: string;
  agentId: bigint;
  /** The bytes of its card, as it is served. */
  card: Uint8Array;
}

export interface OwnOptions {
  ports: Pick<Ports, 'chain' | 'network'>;
  registry: AgentRegistry;
  listings: Listings;
  /** The node's key, 32 bytes. */
  keySeed: Uint8Array;
}

/** Tells others of this node's agents, and that they are gone. */
export class OwnBeacons {
  readonly #options: OwnOptions;
  /** The last beacon of each agent. */
  readonly #told = new Map<string, Beacon>();
  /** Agents that were announced twice as they are. */
  readonly #repeated = new Set<string>();

  constructor(options: OwnOptions) {
    this.#options = options;
  }

  /** Announce agents that were not announced lately or have changed, and take back those that are gone. */
  async tell(agents: readonly OwnAgent[]): Promise<void> {
    const present = new Set(agents.map(({ name }) => name));
    for (const [name, beacon] of this.#told) if (!present.has(name)) await this.#takeBack(name, beacon);
    const failures: unknown[] = [];
    // One that cannot be announced does not keep the others from it.
    for (const agent of agents) await this.#tell(agent).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  async #tell({ name, agentId, card }: OwnAgent): Promise<void> {
    const { ports, registry, listings } = this.#options;
    const { network, chain } = ports;
    const cardDigest = createHash('sha256').update(card).digest();
    const last = this.#told.get(name);
    const now = Math.floor(Date.now() / 1_000);
    const isSame = last !== undefined && cardDigest.equals(last.cardDigest);
    // The second follows soon: endpoints of others may not have known the registration when the first came.
    const interval = this.#repeated.has(name) ? BEACON_INTERVAL_SECONDS : REPEAT_SECONDS;
    if (isSame && now - last.issuedAt < interval) return;
    const issuedAt = Math.max(now, (last?.issuedAt ?? listings.get(agentId)?.issuedAt ?? 0) + 1);
    const beacon: Beacon = {
      agentId,
      peerId: network.peerId,
      name,
      cardDigest: new Uint8Array(cardDigest),
      issuedAt,
      expiresAt: issuedAt + BEACON_SECONDS,
      addresses: network.multiaddrs(),
    };
    const registered = await chain.registeredAgent(agentId);
    // An identity that was given away is no longer this node's to announce.
    if (!registered || !sameAddress(registered.owner, chain.account) || !isConfirmed(registered)) {
      if (last) await this.#takeBack(name, last);
      return;
    }
    const { verifyCard } = await import('@chorus/a2a');
    const own = { bytes: card, card: (await verifyCard(card)).card, milliseconds: 0 };
    const till = await tillIfPaid(own.card, registered, chain);
    const listing = listingOf(registry, beacon, { ...registered, till }, own);
    const bytes = await this.#publish(beacon);
    listings.put({ ...beacon, beacon: bytes, listing, probedAt: Date.now(), problem: null });
    this.#told.set(name, beacon);
    if (isSame) this.#repeated.add(name);
    else this.#repeated.delete(name);
  }

  async #takeBack(name: string, last: Beacon): Promise<void> {
    const issuedAt = Math.max(Math.floor(Date.now() / 1_000), last.issuedAt + 1);
    this.#told.delete(name);
    this.#options.listings.remove(last.agentId);
    await this.#publish({ ...last, issuedAt, expiresAt: issuedAt });
  }

  async #publish(beacon: Beacon): Promise<Uint8Array> {
    const { ports, registry, keySeed } = this.#options;
    const bytes = signBeacon(registry, beacon, keySeed);
    await ports.network.publish(beaconTopic(registry), bytes);
    return bytes;
  }
}
