import { healthRoutes, nodeRoutes } from '@chorus/admin-api/routes';
import { ChorusError } from '@chorus/protocol';
import { RateLimiter } from '@libp2p/utils';
import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { AdminConfig } from '../config/admin-config.ts';
import { BrowserGuard } from '../http/browser-guard.ts';
import { guardedBy } from '../http/guarded.ts';
import { securityHeaders } from '../http/security-headers.ts';
import { isLoopback } from '../utils/is-loopback.ts';
import type { AdminEnv } from './env.ts';
import { TokenGuard } from './guard.ts';
import { isOfPage } from './page.ts';
import { RETRY_SECONDS } from './problem.ts';

/** Requests allowed from one address per window; a dashboard makes a few per second. */
const REQUESTS = { points: 500, duration: RETRY_SECONDS };

/**
 * Paths that need no token. All others do, those of areas that the host does not know included, and unknown ones: a
 * stranger learns nothing of what the node serves.
 */
const OPEN_PATHS: ReadonlySet<string> = new Set(
  [...Object.values(healthRoutes), nodeRoutes.openapi]
    .filter(({ security }) => security.length === 0)
    .map(({ path }) => path),
);

type Middleware = MiddlewareHandler<AdminEnv>;

/** Headers that keep answers out of caches, frames and other pages. */
export function headers(hasPage: boolean): Middleware {
  const secure = securityHeaders((path) => hasPage && isOfPage(path));
  return async (c, next) => {
    c.header('cache-control', 'no-store');
    await secure(c, next);
  };
}

/**
 * Refuses what other pages make a browser send, and lets pages of configured origins read. `csrf` of hono looks at the
 * origin of forms alone, and at no Host: this looks at every request.
 */
export function browserProtection(config: AdminConfig): Middleware {
  const guard = new BrowserGuard({
    ...config,
    section: 'admin',
    codes: { host: 'E_ADMIN_HOST', origin: 'E_ADMIN_ORIGIN' },
  });
  const sharing = cors({
    origin: (origin) => origin,
    allowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'last-event-id'],
    maxAge: 600,
  });
  return guardedBy(guard, sharing);
}

/** Recognises the owner, and limits the rate of requests. */
export function admission(token: string): Middleware {
  const tokens = new TokenGuard(token);
  // Strangers and probes have separate allowances, so that they do not use up the owner's.
  const limiters = {
    owner: new RateLimiter(REQUESTS),
    health: new RateLimiter(REQUESTS),
    stranger: new RateLimiter(REQUESTS),
  };
  return async (c, next) => {
    const authorized = tokens.accepts(c.req.header('authorization'));
    c.set('authorized', authorized);
    const kind = authorized ? 'owner' : c.req.path.startsWith('/health') ? 'health' : 'stranger';
    try {
      limiters[kind].consume(addressOf(c));
    } catch {
      throw new ChorusError('E_ADMIN_RATE', 'too many requests', {
        facts: { limit: REQUESTS.points, seconds: REQUESTS.duration },
        hint: 'wait a few seconds',
      });
    }
    await next();
  };
}

/** Refuses what needs the token and does not carry it. `bearerAuth` of hono would answer a malformed header with 400. */
export function authorization(config: AdminConfig, hasPage: boolean): Middleware {
  return async (c, next) => {
    const { path } = c.req;
    const open = OPEN_PATHS.has(path) || (hasPage && isOfPage(path));
    const openMetrics = path === healthRoutes.metrics.path && config.openMetrics && isLoopback(addressOf(c));
    if (open || openMetrics || c.get('authorized')) return next();
    c.header('www-authenticate', 'Bearer realm="chorus"');
    throw new ChorusError('E_ADMIN_UNAUTHORIZED', 'the token is missing or wrong', {
      hint: 'send the token in admin.json of the data folder: Authorization: Bearer ...',
    });
  };
}

function addressOf(c: Context<AdminEnv>): string {
  return c.env.incoming?.socket.remoteAddress ?? 'unknown';
}
