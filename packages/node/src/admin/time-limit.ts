import { isSlow } from '@chorus/admin-api/routes';
import { ChorusError } from '@chorus/protocol';
import type { RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { timeout } from 'hono/timeout';

/** Time limits of an answer, ms; joins and claims wait for the chain, files for the disk. */
const ANSWER_MILLISECONDS = 10_000;
const CHAIN_MILLISECONDS = 170_000;

/** Ends an answer that takes too long. */
export function timeLimit(route: RouteConfig): MiddlewareHandler {
  const milliseconds = isSlow(route) ? CHAIN_MILLISECONDS : ANSWER_MILLISECONDS;
  const late = () =>
    new HTTPException(504, {
      cause: new ChorusError('E_ADMIN_TIMEOUT', 'the node takes too long to answer', {
        facts: { milliseconds },
      }),
    });
  return timeout(milliseconds, late);
}
