import { createHash } from 'node:crypto';
import type { AgentExecutor } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import { Hono } from 'hono';
import { CARD_PATH } from '../card/binding.ts';
import { parseCard } from '../card/verify.ts';
import { Executions } from '../execution/executions.ts';
import type { GuardOptions } from '../net/guarded-agent.ts';
import { type A2aLimits, DEFAULT_LIMITS } from '../tasks/limits.ts';
import { PushStore } from '../tasks/push-store.ts';
import { TaskStore } from '../tasks/task-store.ts';
import type { A2aBindings } from './context.ts';
import type { Work } from './handler.ts';
import { PushSender } from './push-sender.ts';
import { restRoutes } from './rest.ts';
import { answerRpc } from './rpc.ts';
import { A2aService } from './service.ts';

/** Caches may keep a card this long, seconds: an agent that moves is found again soon. */
const CARD_MAX_AGE = 300;

export interface A2aAppOptions {
  /** The signed card, as `signCard` returned it: these bytes are served. */
  card: Uint8Array;
  executor: AgentExecutor;
  /** File of the agent's tasks; in memory by default. */
  tasks?: string;
  limits?: Partial<A2aLimits>;
  /** Where push notifications may go. Public https alone by default. */
  push?: GuardOptions;
}

/** One agent, served. */
export interface A2aApp {
  /** To mount below a path of another app. */
  readonly hono: Hono<{ Bindings: A2aBindings }>;
  /** Answer a request whose path begins at the agent's base; `bindings` say who asks. */
  fetch(request: Request, bindings?: A2aBindings): Promise<Response>;
  /** Serve another card from now on: one with the same places and media types. */
  updateCard(card: Uint8Array): void;
  /** Tasks that run or wait, and open event streams. */
  load(): { tasks: number; streams: number };
  /** Ends tasks and streams. The executor is its owner's to close. */
  close(): Promise<void>;
}

/**
 * Serve one agent by A2A 1.0: its card, JSON-RPC at `a2a`, HTTP+JSON at `rest`, event streams, push notifications.
 *
 * @throws ChorusError `E_A2A_CARD`, `E_A2A_STORE`
 * @example
 * const app = a2aApp({ card, executor, tasks: join(folder, 'tasks.sqlite') });
 * network.serve((request, peer) => app.fetch(request, { peer }));
 */
export function a2aApp(options: A2aAppOptions): A2aApp {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const store = new TaskStore(options.tasks ?? ':memory:', limits);
  const work = new Executions({ executor: options.executor, store, limits });
  return assembleApp(options, store, work, limits);
}

/** The parts of an app around whatever does the work. */
export function assembleApp(
  options: Pick<A2aAppOptions, 'card' | 'push'>,
  store: TaskStore,
  work: Work & { readonly open: number; close(): void },
  limits: A2aLimits,
): A2aApp {
  const pushStore = new PushStore(store, limits.maxPushConfigs, options.push ?? {});
  const pushSender = new PushSender(pushStore, options.push ?? {});
  const service = new A2aService({
    card: parseCard(options.card),
    store,
    work,
    pushStore,
    pushSender,
    limits,
  });
  let card = servedCard(options.card);
  const hono = new Hono<{ Bindings: A2aBindings }>({ strict: false });
  hono.get(`/${CARD_PATH}`, (c) => {
    const { bytes, headers } = card;
    if (c.req.header('if-none-match') === headers.etag) return new Response(null, { status: 304, headers });
    return new Response(bytes.slice(), { headers });
  });
  hono.post('/a2a', (c) => answerRpc(service, c.req.raw, c.env));
  hono.route('/rest', restRoutes(service));
  return {
    hono,
    fetch: async (request, bindings = {}) => await hono.fetch(request, bindings),
    updateCard: (bytes) => {
      card = servedCard(bytes);
    },
    load: () => ({ tasks: work.open, streams: service.openStreams }),
    close: async () => {
      work.close();
      // Their last words reach those who watch, and the store.
      for (let i = 0; i < 50 && (i < 3 || service.openStreams > 0); i++)
        await pause(20, service.closing.signal);
      service.closing.abort(new Error('the agent is closing'));
      await pushSender.close();
      store.close();
    },
  };
}

function servedCard(bytes: Uint8Array) {
  const headers = {
    etag: `"${createHash('sha256').update(bytes).digest('base64url')}"`,
    'last-modified': new Date().toUTCString(),
    'cache-control': `public, max-age=${CARD_MAX_AGE}`,
    'content-type': 'application/json',
  };
  return { bytes, headers };
}
