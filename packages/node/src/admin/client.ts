import { ChorusError, type Facts, readErrorCode } from '@chorus/protocol';
import type { z } from 'zod';
import type { StreamedEvent } from '../events/event-schema.ts';
import { streamEvents } from './client-events.ts';
import type { BanList, BannedPeer, BanRequest, PeerList } from './schema/network.ts';
import { problemSchema } from './schema/problem.ts';
import type { PublicationDocument, PublicationRequest, StoredModel } from './schema/publications.ts';
import type { ClaimResult, Rewards, RoundList } from './schema/rounds.ts';
import { type ClaimRequest, ROUTES, type RoundsQuery, type Route } from './schema/routes.ts';
import type {
  StakeDepositRequest,
  StakeDepositResult,
  StakesDocument,
  StakesQuery,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
} from './schema/stakes.ts';
import type { Accepted, Readiness, Status } from './schema/status.ts';
import type {
  JoinResult,
  LeaveResult,
  RefundRequest,
  RefundResult,
  TaskDetail,
  TaskList,
} from './schema/tasks.ts';

/** Milliseconds for an answer; claims and joins wait for the chain and get longer. */
const ANSWER_MILLISECONDS = 10_000;
const CHAIN_MILLISECONDS = 180_000;

export interface AdminClientOptions {
  /** Base of the API, such as `http://127.0.0.1:4500`. */
  url: string;
  token: string;
  /** Default: the platform's. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface EventsOptions extends CallOptions {
  /** Only events of this task, and node-wide events. */
  task?: string;
  /** Resume after the event with this id. */
  lastEventId?: string;
  /** Reconnect when the connection breaks; true by default. The first connection is tried only once. */
  reconnect?: boolean;
}

/**
 * A node's admin API. Every method throws ChorusError: `E_ADMIN_UNREACHABLE` if nothing answers, `E_ADMIN_RESPONSE`
 * if this version does not expect the answer, else the node's own code.
 */
export interface AdminClient {
  status(options?: CallOptions): Promise<Status>;
  /** Resolves with the checks whether the node is ready or not. */
  ready(options?: CallOptions): Promise<Readiness>;
  tasks(options?: CallOptions): Promise<TaskList>;
  task(id: string | bigint, options?: CallOptions): Promise<TaskDetail>;
  join(id: string | bigint, options?: CallOptions): Promise<JoinResult>;
  leave(id: string | bigint, options?: CallOptions): Promise<LeaveResult>;
  /** Get back what an ended task of this wallet did not pay. */
  refund(id: string | bigint, request?: RefundRequest, options?: CallOptions): Promise<RefundResult>;
  /** Upload an ONNX model of at most 256 MiB, to publish a task with it. */
  storeModel(model: Uint8Array, options?: CallOptions): Promise<StoredModel>;
  /**
   * Publish under an id that the caller chooses; the same id means the same publication. Answers before publishing
   * is done.
   */
  publish(id: string, request: PublicationRequest, options?: CallOptions): Promise<PublicationDocument>;
  publication(id: string, options?: CallOptions): Promise<PublicationDocument>;
  rounds(query?: Partial<RoundsQuery>, options?: CallOptions): Promise<RoundList>;
  rewards(options?: CallOptions): Promise<Rewards>;
  claim(request?: ClaimRequest, options?: CallOptions): Promise<ClaimResult>;
  stakes(query?: Partial<StakesQuery>, options?: CallOptions): Promise<StakesDocument>;
  depositStake(request: StakeDepositRequest, options?: CallOptions): Promise<StakeDepositResult>;
  unbondStake(request: StakeUnbondRequest, options?: CallOptions): Promise<StakeUnbondResult>;
  withdrawStake(request?: StakeWithdrawRequest, options?: CallOptions): Promise<StakeWithdrawResult>;
  peers(options?: CallOptions): Promise<PeerList>;
  bans(options?: CallOptions): Promise<BanList>;
  ban(request: BanRequest, options?: CallOptions): Promise<BannedPeer>;
  unban(peerId: string, options?: CallOptions): Promise<Accepted>;
  /** The metrics in the text format of Prometheus. */
  metrics(options?: CallOptions): Promise<string>;
  shutdown(options?: CallOptions): Promise<Accepted>;
  /** What the node reports, from now or from `lastEventId` on, until the signal aborts. */
  events(options?: EventsOptions): AsyncGenerator<StreamedEvent>;
}

interface Call {
  params?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  file?: Uint8Array;
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

/**
 * A client of a node's admin API; runs in Node.js and in browsers.
 *
 * @example
 * const { url, token } = await readAdmin(dataDir);
 * const node = createAdminClient({ url, token });
 * console.log((await node.status()).identity.peerId);
 * for await (const { event } of node.events({ signal })) console.log(event.type);
 */
export function createAdminClient(options: AdminClientOptions): AdminClient {
  const send = options.fetch ?? fetch;

  async function request(route: Route, call: Call): Promise<Response> {
    const url = urlOf(options.url, route, call);
    const timeout = AbortSignal.timeout(call.timeoutMs ?? ANSWER_MILLISECONDS);
    try {
      return await send(url, {
        method: route.method.toUpperCase(),
        signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
        headers: {
          authorization: `Bearer ${options.token}`,
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(call.file === undefined ? {} : { 'content-type': 'application/octet-stream' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.file === undefined ? {} : { body: call.file as Uint8Array<ArrayBuffer> }),
      });
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw unreachable(options.url, cause);
    }
  }

  async function ask<T>(route: Route & { response: z.ZodType<T> | null }, call: Call): Promise<T> {
    const response = await request(route, call);
    const { status } = response;
    if (!response.ok && !route.also?.includes(status)) throw await problemOf(response);
    const parsed = route.response?.safeParse(await response.json().catch(() => undefined));
    if (parsed?.success) return parsed.data;
    throw new ChorusError('E_ADMIN_RESPONSE', 'this version does not expect the answer of the node', {
      facts: { path: route.path, status },
      hint: 'check that the node and this command are of the same version',
      cause: parsed?.error,
    });
  }

  return {
    status: ({ signal } = {}) => ask(ROUTES.status, { signal }),
    ready: ({ signal } = {}) => ask(ROUTES.ready, { signal }),
    tasks: ({ signal } = {}) => ask(ROUTES.tasks, { signal }),
    task: (id, { signal } = {}) => ask(ROUTES.task, { params: { id: String(id) }, signal }),
    join: (id, { signal } = {}) =>
      ask(ROUTES.join, { params: { id: String(id) }, timeoutMs: CHAIN_MILLISECONDS, signal }),
    leave: (id, { signal } = {}) => ask(ROUTES.leave, { params: { id: String(id) }, signal }),
    refund: (id, body = {}, { signal } = {}) =>
      ask(ROUTES.refund, { params: { id: String(id) }, body, timeoutMs: CHAIN_MILLISECONDS, signal }),
    storeModel: (file, { signal } = {}) =>
      ask(ROUTES.upload, { file, timeoutMs: CHAIN_MILLISECONDS, signal }),
    publish: (id, body, { signal } = {}) => ask(ROUTES.publish, { params: { id }, body, signal }),
    publication: (id, { signal } = {}) => ask(ROUTES.publication, { params: { id }, signal }),
    rounds: (query = {}, { signal } = {}) => ask(ROUTES.rounds, { query, signal }),
    rewards: ({ signal } = {}) => ask(ROUTES.rewards, { signal }),
    claim: (body = {}, { signal } = {}) => ask(ROUTES.claim, { body, timeoutMs: CHAIN_MILLISECONDS, signal }),
    stakes: (query = {}, { signal } = {}) =>
      ask(ROUTES.stakes, { query, timeoutMs: CHAIN_MILLISECONDS, signal }),
    depositStake: (body, { signal } = {}) =>
      ask(ROUTES.depositStake, { body, timeoutMs: CHAIN_MILLISECONDS, signal }),
    unbondStake: (body, { signal } = {}) =>
      ask(ROUTES.unbondStake, { body, timeoutMs: CHAIN_MILLISECONDS, signal }),
    withdrawStake: (body = {}, { signal } = {}) =>
      ask(ROUTES.withdrawStake, { body, timeoutMs: CHAIN_MILLISECONDS, signal }),
    peers: ({ signal } = {}) => ask(ROUTES.peers, { signal }),
    bans: ({ signal } = {}) => ask(ROUTES.bans, { signal }),
    ban: (body, { signal } = {}) => ask(ROUTES.ban, { body, signal }),
    unban: (peer, { signal } = {}) => ask(ROUTES.unban, { params: { peer }, signal }),
    metrics: async ({ signal } = {}) => {
      const response = await request(ROUTES.metrics, { signal });
      if (!response.ok) throw await problemOf(response);
      return response.text();
    },
    shutdown: ({ signal } = {}) => ask(ROUTES.shutdown, { signal }),
    events: (events = {}) =>
      streamEvents({
        ...events,
        open: async (lastEventId, signal) => {
          const url = urlOf(options.url, ROUTES.events, { query: { task: events.task } });
          const headers = {
            authorization: `Bearer ${options.token}`,
            accept: 'text/event-stream',
            ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
          };
          const response = await send(url, { headers, signal }).catch((cause) => {
            signal.throwIfAborted();
            throw unreachable(options.url, cause);
          });
          if (!response.ok) throw await problemOf(response);
          return response;
        },
      }),
  };
}

function urlOf(base: string, route: Route, { params = {}, query = {} }: Call): URL {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function unreachable(url: string, cause: unknown): ChorusError {
  return new ChorusError('E_ADMIN_UNREACHABLE', 'the node does not answer', {
    facts: { url },
    hint: 'check that it runs: `chorus start`',
    cause,
  });
}

/** The error that a node answered with, as thrown there. */
async function problemOf(response: Response): Promise<ChorusError> {
  const parsed = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) {
    return new ChorusError('E_ADMIN_RESPONSE', 'the response did not come from a Chorus node', {
      facts: { status: response.status },
    });
  }
  const { code, title, detail, hint, facts } = parsed.data;
  return new ChorusError(readErrorCode(code), detail ?? title, {
    ...(facts === undefined ? {} : { facts: facts as Facts }),
    ...(hint === undefined ? {} : { hint }),
  });
}
