import type { Problem } from '@chorus/admin-api';
import { ChorusError, errorClass } from '@chorus/protocol';
import { HTTPException } from 'hono/http-exception';

/** Seconds after which a caller that asked too often may ask again. */
export const RETRY_SECONDS = 10;

/**
 * An error as a problem document (RFC 9457). An error that is not a ChorusError is hidden from the caller: it goes
 * to the node's log.
 */
export function problemFor(thrown: unknown): Problem {
  const error = thrown instanceof HTTPException ? fromHono(thrown) : thrown;
  if (!(error instanceof ChorusError)) {
    return { type: 'about:blank', title: 'the node failed', status: 500, code: 'E_UNEXPECTED' };
  }
  const facts = factsOf(error);
  return {
    type: 'about:blank',
    title: error.message,
    status: statusOf(error) ?? 500,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
  };
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

/** The status of the outermost cause that has one. */
function statusOf(error: ChorusError): number | undefined {
  for (const cause of error.chain()) {
    const status = cause instanceof ChorusError ? errorClass(cause.code).status : undefined;
    if (status !== undefined) return status;
  }
  return undefined;
}

/** An error's facts, as JSON has them. */
export function factsOf(error: ChorusError): NonNullable<Problem['facts']> {
  return Object.fromEntries(
    Object.entries(error.facts).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, typeof value === 'bigint' ? value.toString() : value] as const],
    ),
  );
}
