import type { Problem } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { HTTPException } from 'hono/http-exception';
import { problemOf } from '../http/problem.ts';

/** Seconds after which a caller that asked too often may ask again. */
export const RETRY_SECONDS = 10;

/** An error as a problem document: see {@link problemOf}. */
export function problemFor(thrown: unknown): Problem {
  return problemOf(thrown instanceof HTTPException ? fromHono(thrown) : thrown);
}

/** What hono itself refuses: a body that it cannot parse, and what the limits above it throw. */
function fromHono(error: HTTPException): unknown {
  if (error.cause instanceof ChorusError) return error.cause;
  if (error.status === 400) {
    return new ChorusError('E_ADMIN_BAD_REQUEST', 'the request is not JSON', { cause: error });
  }
  if (error.status === 415) {
    return new ChorusError('E_ADMIN_CONTENT_TYPE', 'the request has the wrong type', { cause: error });
  }
  return error;
}
