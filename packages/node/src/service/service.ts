import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import type { z } from 'zod';
import type { AdminEnv } from '../admin/env.ts';
import type { ConfigSection } from '../config/section.ts';
import type { EventCatalogue } from '../events/catalogue.ts';
import type { AnyEvent } from '../events/events.ts';
import type { GatewayEnv } from '../gateway/env.ts';
import type { Components } from './components.ts';

/** One entry of an ERC-8004 registration file. */
export interface RegisteredService {
  name: string;
  endpoint: string;
  version?: string;
}

/** What a service adds to the registration file of the node's identity (ERC-8004). */
export interface Registration {
  /** One sentence on what it offers. */
  description?: string;
  services?: readonly RegisteredService[];
}

/**
 * A part of a node that runs: training, agents and the like. The host starts it after the services it needs, stops it
 * before them, and asks it for what it has to show or to keep.
 */
export interface Service {
  start?(): void | Promise<void>;
  /** Ends all its work; the ports are still open. */
  stop?(): void | Promise<void>;
  /** Whether it can do its work, by the name of each check; part of the node's readiness. */
  health?(): Promise<Readonly<Record<string, boolean>>>;
  /** Its part of the status document. */
  status?(): Promise<object>;
  /** Preference for a peer, 0 to 50: connections and messages of preferred peers are kept first. */
  peerScore?(peerId: string): number;
  /** What it knows of a connected peer, for the list of peers. */
  describePeer?(peerId: string): object;
  /** CIDs that garbage collection must not take. */
  pinned?(): Iterable<string>;
  registration?(): Registration;
  /** What services that need it get, by the names of {@link ServiceDefinition.provides}. */
  capabilities?: Readonly<Record<string, unknown>>;
}

/** What the host knows of a service before it runs. */
export interface ServiceDefinition<
  Name extends string = string,
  Section extends z.ZodType = z.ZodType,
  S extends Service = Service,
  E extends AnyEvent = AnyEvent,
  Prepared = unknown,
> {
  /** Its section of the configuration; the section's name is the service's. */
  readonly config: ConfigSection<Name, Section>;
  /** Its tables in the node's store, from each version to the next; see `NodeStore.migrate`. */
  readonly migrations?: readonly string[];
  /** The events it emits. */
  readonly events: EventCatalogue<E>;
  /** Capabilities it offers to other services, and those it needs; a node with a gap is not created. */
  readonly provides?: readonly string[];
  readonly needs?: readonly string[];
  /** Read what it needs before the node opens anything, until `signal`; what it returns is given to `create`. */
  prepare?(config: never, signal: AbortSignal | undefined): Promise<Prepared>;
  create(components: Components<never>, prepared: Prepared): S | Promise<S>;
  /**
   * Its part of the admin API, served from before it runs: `running` throws `E_ADMIN_NOT_READY` until then. Its paths
   * begin with `/v1/<name>/`, but for those that are older than services, and `/v1/directory` of the agents.
   */
  admin?(running: () => S): readonly OpenAPIHono<AdminEnv>[];
  /**
   * What it serves to strangers on the gateway, if that is switched on. Everything that comes in is a stranger's; the
   * gateway bounds rate and size.
   */
  gateway?(running: () => S): Hono<GatewayEnv>;
}

/** The services of a node by name. */
// biome-ignore lint/suspicious/noExplicitAny: of a set of services only their own types are known.
export type Services = Readonly<Record<string, ServiceDefinition<string, z.ZodType, any, any, any>>>;

/** The running services of a node. */
export type Running<S extends Services> = {
  readonly [N in keyof S]: Awaited<ReturnType<S[N]['create']>>;
};

/** The events that a node with these services emits, in addition to the host's. */
export type EventsOf<S extends Services> =
  S[keyof S] extends ServiceDefinition<string, z.ZodType, Service, infer E, unknown> ? E : never;
