import { ChorusError } from '@chorus/protocol';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { z } from 'zod';
import type { AdminConfig } from '../config/admin-config.ts';
import { FileReader, readJson } from './body.ts';
import { eventStream, MAX_STREAMS } from './event-stream.ts';
import { BrowserGuard, isLoopback, TokenGuard } from './guard.ts';
import { openApiDocument } from './openapi.ts';
import { problemFor } from './problem.ts';
import { ROUTES, type Route, type RouteName } from './schema/routes.ts';
import type { AdminSource } from './source.ts';

/** Requests are a few hundred bytes; a task with its terms, validators and allow list, ten thousand. */
const MAX_BODY_BYTES = 16 * 1024;

/** Requests allowed from one address per window, in seconds; a dashboard makes a few per second. */
const REQUESTS = { points: 500, duration: 10 };

/** Time limits of an answer, ms; joins and claims wait for the chain, files for the disk. */
const ANSWER_MILLISECONDS = 10_000;
const CHAIN_MILLISECONDS = 170_000;
const SLOW: readonly RouteName[] = [
  'join',
  'claim',
  'refund',
  'upload',
  'stakes',
  'depositStake',
  'unbondStake',
  'withdrawStake',
];

interface Env {
  Bindings: HttpBindings;
  Variables: { authorized: boolean };
}
type Ask = Context<Env>;

export interface AppOptions {
  config: AdminConfig;
  token: string;
  source: AdminSource;
  /** Called with errors that the caller must not see. */
  onError: (error: unknown) => void;
}

/** The API as a function of requests; `startAdmin` puts it behind a socket. */
export function adminApp({ config, token, source, onError }: AppOptions): Hono<Env> {
  const app = new Hono<Env>();
  const browser = new BrowserGuard(config);
  const tokens = new TokenGuard(token);
  const limiters = new Map<string, RateLimiterMemory>();
  const answers = answersOf(source);
  const files = new FileReader();

  app.onError((error, c) => answerProblem(c, error, onError));
  app.notFound((c) => {
    const problem = new ChorusError('E_ADMIN_UNKNOWN_PATH', 'no such path', {
      hint: 'GET /openapi.json lists all paths',
    });
    return answerProblem(c, problem, onError);
  });

  app.use(async (c, next) => {
    c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
    c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    const host = c.req.header('host');
    browser.checkHost(host);
    const origin = browser.checkOrigin(c.req.header('origin'), host!);
    if (origin !== null) {
      c.header('access-control-allow-origin', origin);
      c.header('vary', 'Origin');
    }
    c.set('authorized', tokens.accepts(c.req.header('authorization')));
    // Strangers and probes have separate allowances, so that they do not use up the owner's.
    const kind = c.get('authorized') ? 'owner' : c.req.path.startsWith('/health') ? 'health' : 'stranger';
    await admit(limiters, kind, addressOf(c));
    if (c.req.method === 'OPTIONS' && origin !== null) return preflight(c);
    await next();
  });
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
    app.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), async (c) => {
      authorize(c, route, config);
      const limit = SLOW.includes(name) ? CHAIN_MILLISECONDS : ANSWER_MILLISECONDS;
      return within(limit, async () => answers[name](c, await readInput(c, route, files)));
    });
  }
  for (const path of new Set(Object.values(ROUTES).map((route) => route.path))) {
    app.all(path.replace(/\{(\w+)\}/g, ':$1'), () => {
      throw new ChorusError('E_ADMIN_METHOD', 'this path does not allow the method');
    });
  }
  return app;
}

interface Input {
  params: Record<string, string>;
  query: Record<string, unknown>;
  /** The body as parsed by the route's schema; for a file, its bytes. */
  body: unknown;
}

type Answer = (c: Ask, input: Input) => Response | Promise<Response>;

/** How each route is answered from the source. */
function answersOf(source: AdminSource): Record<RouteName, Answer> {
  let document: ReturnType<typeof openApiDocument> | undefined;
  let streams = 0;
  const readiness: Answer = async (c) => {
    const ready = await source.ready();
    return c.json(ready, ready.status === 'ok' ? 200 : 503);
  };
  const id = ({ params }: Input) => BigInt(params.id!);
  return {
    live: (c) => c.json({ status: 'ok' }),
    ready: readiness,
    health: readiness,
    openapi: (c) => {
      document ??= openApiDocument(source.version);
      return c.json(document);
    },
    metrics: async (c) => {
      const { contentType, text } = await source.metrics();
      return c.body(text, 200, { 'content-type': contentType });
    },
    status: async (c) => c.json(await source.status()),
    tasks: async (c) => c.json(await source.tasks()),
    task: async (c, input) => c.json(await source.task(id(input))),
    join: async (c, input) => c.json(await source.join(id(input))),
    leave: async (c, input) => c.json(await source.leave(id(input))),
    refund: async (c, input) =>
      c.json(await source.refund(id(input), (input.body as z.output<typeof ROUTES.refund.body>).cancel)),
    upload: async (c, { body }) => c.json(await source.storeModel(body as Uint8Array)),
    publish: async (c, { params, body }) =>
      c.json(await source.publish(params.id!, body as z.output<typeof ROUTES.publish.body>)),
    publication: async (c, { params }) => c.json(await source.publication(params.id!)),
    rounds: async (c, { query }) =>
      c.json(await source.rounds(query as z.output<typeof ROUTES.rounds.query>)),
    rewards: async (c) => c.json(await source.rewards()),
    claim: async (c, { body }) => c.json(await source.claim(body as z.output<typeof ROUTES.claim.body>)),
    stakes: async (c, { query }) =>
      c.json(await source.stakes(query as z.output<typeof ROUTES.stakes.query>)),
    depositStake: async (c, { body }) =>
      c.json(await source.depositStake(body as z.output<typeof ROUTES.depositStake.body>)),
    unbondStake: async (c, { body }) =>
      c.json(await source.unbondStake(body as z.output<typeof ROUTES.unbondStake.body>)),
    withdrawStake: async (c, { body }) =>
      c.json(await source.withdrawStake(body as z.output<typeof ROUTES.withdrawStake.body>)),
    peers: async (c) => c.json(await source.peers()),
    bans: async (c) => c.json(await source.bans()),
    ban: async (c, { body }) => c.json(await source.ban(body as z.output<typeof ROUTES.ban.body>)),
    unban: async (c, { params }) => {
      await source.unban(params.peer!);
      return c.json({ accepted: true });
    },
    shutdown: (c) => {
      // Stop only after the answer has had time to be sent.
      setTimeout(() => source.shutdown(), 50);
      return c.json({ accepted: true });
    },
    events: (c, { query }) => {
      // The body of an answer to HEAD is dropped unread: a stream would never learn that it has no reader.
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
      if (streams >= MAX_STREAMS) {
        throw new ChorusError('E_ADMIN_BUSY', 'too many event streams are open', {
          facts: { limit: MAX_STREAMS },
        });
      }
      streams++;
      const stream = eventStream({
        ring: source.events,
        task: query.task as string | undefined,
        lastEventId: c.req.header('last-event-id'),
        drop: () => c.env.outgoing?.destroy(),
        onClose: () => {
          streams--;
        },
      });
      return c.body(stream, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    },
  };
}

function authorize(c: Ask, route: Route, config: AdminConfig): void {
  if (route.access === 'open' || c.get('authorized')) return;
  if (route.access === 'metrics' && config.openMetrics && isLoopback(addressOf(c))) return;
  c.header('www-authenticate', 'Bearer realm="chorus"');
  throw new ChorusError('E_ADMIN_UNAUTHORIZED', 'the token is missing or wrong', {
    hint: 'send the token in admin.json of the data folder: Authorization: Bearer ...',
  });
}

/** Parameters, query and body by the route's own schemas. */
async function readInput(c: Ask, route: Route, files: FileReader): Promise<Input> {
  return {
    params: check(route.params, c.req.param(), 'path') as Record<string, string>,
    query: check(route.query, c.req.query(), 'query') as Record<string, unknown>,
    body: route.fileBytes
      ? await files.read(c.req.raw, route.fileBytes)
      : route.body && check(route.body, await readJson(c.req.raw, MAX_BODY_BYTES), 'body'),
  };
}

function check(schema: z.ZodType | undefined, value: unknown, place: string): unknown {
  if (!schema) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ChorusError('E_ADMIN_BAD_REQUEST', issue?.message ?? 'the request has the wrong shape', {
    facts: { place, field: issue?.path.join('.') ?? '' },
    cause: parsed.error,
  });
}

async function admit(limiters: Map<string, RateLimiterMemory>, kind: string, address: string): Promise<void> {
  let limiter = limiters.get(kind);
  if (!limiter) {
    limiter = new RateLimiterMemory(REQUESTS);
    limiters.set(kind, limiter);
  }
  try {
    await limiter.consume(address);
  } catch {
    throw new ChorusError('E_ADMIN_RATE', 'too many requests', {
      facts: { limit: REQUESTS.points, seconds: REQUESTS.duration },
      hint: 'wait a few seconds',
    });
  }
}

async function within<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new ChorusError('E_ADMIN_TIMEOUT', 'the node takes too long to answer', {
            facts: { milliseconds },
          }),
        ),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function preflight(c: Ask): Response {
  c.header('access-control-allow-methods', 'GET, POST, PUT, DELETE');
  c.header('access-control-allow-headers', 'authorization, content-type, last-event-id');
  c.header('access-control-max-age', '600');
  return c.body(null, 204);
}

function answerProblem(c: Context, error: unknown, onError: (error: unknown) => void): Response {
  const problem = problemFor(error);
  // Busy and not ready are known states; only failures are logged.
  if (problem.status === 500 || problem.status === 504) onError(error);
  if (problem.status === 429) c.header('retry-after', String(REQUESTS.duration));
  return c.body(JSON.stringify(problem), problem.status as 500, {
    'content-type': 'application/problem+json',
  });
}

function addressOf(c: Ask): string {
  return c.env.incoming?.socket.remoteAddress ?? 'unknown';
}
