import type { MiddlewareHandler } from 'hono';
import type { BrowserGuard } from './browser-guard.ts';

/** Middleware that lets a guard refuse requests first; `sharing` answers pages of the origins that it lets in. */
export function guardedBy(guard: BrowserGuard, sharing: MiddlewareHandler): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host');
    guard.checkHost(host);
    const origin = guard.checkOrigin(c.req.header('origin'), host!);
    if (origin === null) return next();
    c.header('vary', 'Origin');
    return sharing(c, next);
  };
}
