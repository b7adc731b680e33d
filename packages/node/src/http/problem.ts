import type { Problem } from '@chorus/admin-api';
import { ChorusError, errorClass } from '@chorus/protocol';

/**
 * An error as a problem document (RFC 9457). An error that is not a ChorusError is hidden from the caller: it goes to the
 * node's log.
 */
export function problemOf(error: unknown): Problem {
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
