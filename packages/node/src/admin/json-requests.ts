import { bodyBytesOf } from '@chorus/admin-api/routes';
import { ChorusError } from '@chorus/protocol';
import type { RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { AdminEnv } from './env.ts';
import { checkType } from './file-reader.ts';

/** Requests are a few hundred bytes; a task with its terms, validators and allow list, ten thousand. */
const MAX_BODY_BYTES = 16 * 1024;

const limitBody = (limit: number) =>
  bodyLimit({
    maxSize: limit,
    onError: () => {
      throw new ChorusError('E_ADMIN_TOO_LARGE', 'the request is too large', { facts: { limit } });
    },
  });

/** Checks type, size and encoding of the body, where the route declares one in JSON; the schema is the route's part. */
export function jsonRequests(route: RouteConfig): MiddlewareHandler<AdminEnv> {
  if (!route.request?.body?.content['application/json']) return (_, next) => next();
  const limited = limitBody(bodyBytesOf(route) ?? MAX_BODY_BYTES);
  return async (c, next) => {
    // Another page can send a form without the browser asking first, but not JSON.
    checkType(c.req.raw, 'application/json', 'JSON');
    return limited(c, async () => {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(await c.req.arrayBuffer());
      } catch (cause) {
        throw new ChorusError('E_ADMIN_BAD_REQUEST', 'the request is not JSON', { cause });
      }
      await next();
    });
  };
}
