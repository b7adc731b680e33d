import { ChorusError } from '@chorus/protocol';
import { RateLimiter } from '@libp2p/utils';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { BrowserGuard } from '../http/browser-guard.ts';
import { guardedBy } from '../http/guarded.ts';
import { problemOf } from '../http/problem.ts';
import { securityHeaders } from '../http/security-headers.ts';
import type { GatewayEnv } from './env.ts';
import { isOfExplorerPage } from './explorer.ts';

export interface GatewayAppOptions {
  config: GatewayConfig;
  /** What the services offer to strangers. */
  apps: readonly Hono<GatewayEnv>[];
  /** Called with errors that the caller must not see. */
  onError: (error: unknown) => void;
}

/** Headers of answers that pages of allowed origins may read: what a request costs, and what was paid (x402). */
const SHARED_HEADERS = ['payment-required', 'payment-response', 'retry-after'];

/** Seconds in which requests of one address are counted. */
const WINDOW_SECONDS = 60;

/**
 * What a node serves to strangers: the apps of its services, behind limits of rate and size. It shares no route with the
 * admin API, and no handler of it reaches the node's keys. What the explorer may read is listed: see `explorerApp`.
 */
export function gatewayApp({ config, apps, onError }: GatewayAppOptions): Hono<GatewayEnv> {
  // Clients of other languages end paths with a slash.
  const app = new Hono<GatewayEnv>({ strict: false });
  app.onError((error, c) => answer(c, error, onError));
  app.notFound((c) =>
    answer(c, new ChorusError('E_GATEWAY_UNKNOWN_PATH', 'nothing is served here'), onError),
  );
  app.use(
    securityHeaders((path) => config.explorer && isOfExplorerPage(path)),
    browsers(config),
    rate(config),
    bodyLimit({
      maxSize: config.maxRequestBytes,
      onError: () => {
        throw new ChorusError('E_GATEWAY_TOO_LARGE', 'the request is too large', {
          facts: { most: config.maxRequestBytes },
        });
      },
    }),
  );
  for (const each of apps) app.route('/', each);
  return app;
}

/** Refuses what pages of other origins make a browser send, and lets those of configured origins read. */
function browsers(config: GatewayConfig): MiddlewareHandler<GatewayEnv> {
  const guard = new BrowserGuard({
    host: config.host,
    allowedHosts: [...config.allowedHosts, ...(config.url ? [new URL(config.url).hostname] : [])],
    allowedOrigins: [...config.allowedOrigins, ...(config.url ? [config.url] : [])],
    section: 'gateway',
    codes: { host: 'E_GATEWAY_HOST', origin: 'E_GATEWAY_ORIGIN' },
  });
  const sharing = cors({ origin: (origin) => origin, maxAge: 600, exposeHeaders: SHARED_HEADERS });
  return guardedBy(guard, sharing);
}

function rate(config: GatewayConfig): MiddlewareHandler<GatewayEnv> {
  const limiter = new RateLimiter({ points: config.requestsPerMinute, duration: WINDOW_SECONDS });
  return async (c, next) => {
    try {
      limiter.consume(addressOf(c, config));
    } catch {
      c.header('retry-after', String(WINDOW_SECONDS));
      throw new ChorusError('E_GATEWAY_RATE', 'too many requests from this address', {
        facts: { limit: config.requestsPerMinute, seconds: WINDOW_SECONDS },
        hint: 'wait a minute',
      });
    }
    return next();
  };
}

/** The last address that the proxy itself added counts: what stands before it is the caller's own word. */
function addressOf(c: Context<GatewayEnv>, { behindProxy }: GatewayConfig): string {
  const forwarded = behindProxy ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined;
  return forwarded || (c.env.incoming?.socket.remoteAddress ?? 'unknown');
}

function answer(c: Context, error: unknown, onError: (error: unknown) => void): Response {
  // Time limits throw one of hono's, around ours.
  const thrown = error instanceof HTTPException && error.cause instanceof ChorusError ? error.cause : error;
  const problem = problemOf(thrown);
  if (problem.status >= 500) onError(error);
  return c.body(JSON.stringify(problem), problem.status as 500, {
    'content-type': 'application/problem+json',
  });
}
