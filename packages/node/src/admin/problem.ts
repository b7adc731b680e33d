import { ChorusError, hasCode } from '@chorus/protocol';
import type { Problem } from './schema/problem.ts';

/** Statuses of the codes a caller can cause; what is not listed is a failure of the node. */
const STATUSES: Readonly<Record<string, number>> = {
  E_ADMIN_BAD_REQUEST: 400,
  E_ADMIN_UNAUTHORIZED: 401,
  E_ADMIN_HOST: 403,
  E_ADMIN_ORIGIN: 403,
  E_ADMIN_UNKNOWN_PATH: 404,
  E_ADMIN_METHOD: 405,
  E_ADMIN_TOO_LARGE: 413,
  E_ADMIN_CONTENT_TYPE: 415,
  E_ADMIN_RATE: 429,
  E_ADMIN_TIMEOUT: 504,
  E_ADMIN_BUSY: 503,
  E_ADMIN_NOT_READY: 503,
  E_TASK_UNKNOWN: 404,
  E_CHAIN_UNKNOWN_TASK: 404,
  E_PUBLICATION_UNKNOWN: 404,
  E_PUBLICATION_OTHER: 409,
  E_TASK_OWNER: 409,
  E_TASK_NOT_OWNED: 409,
  E_TASK_NOT_ENDED: 409,
  E_TASK_NOT_OPEN: 409,
  E_TASK_LEFT: 409,
  E_CHAIN_NOTHING_TO_CLAIM: 409,
  E_STAKE_AMOUNT: 400,
  E_STAKE_AMBIGUOUS: 400,
  E_STAKE_NONE: 404,
  E_STAKE_NO_IDENTITY: 404,
  E_STAKE_BALANCE: 409,
  E_STAKE_TOO_LITTLE: 409,
  E_STAKE_LOCKED: 409,
  E_STAKE_NOT_MATURE: 409,
  E_STAKE_NOTHING_TO_WITHDRAW: 409,
  E_CHAIN_TOKEN: 400,
  E_NETWORK_PEER_ID: 400,
  E_CHAIN_UNREACHABLE: 502,
};

/** Statuses of problems, for the API's description. */
export const PROBLEM_STATUSES = [...new Set([...Object.values(STATUSES), 500])].sort();

/**
 * An error as a problem document (RFC 9457). What is not a ChorusError is not told to the caller: it goes to the
 * node's log.
 */
export function problemFor(error: unknown): Problem {
  if (!(error instanceof ChorusError)) {
    return { type: 'about:blank', title: 'the node failed', status: 500, code: 'E_UNEXPECTED' };
  }
  const known = Object.keys(STATUSES).find((code) => hasCode(error, code));
  const facts = factsOf(error);
  return {
    type: 'about:blank',
    title: error.message,
    status: known === undefined ? 500 : STATUSES[known]!,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
  };
}

/** An error's facts, as JSON has them. */
export function factsOf(error: ChorusError): NonNullable<Problem['facts']> {
  return Object.fromEntries(
    Object.entries(error.facts).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, typeof value === 'bigint' ? value.toString() : value] as const],
    ),
  );
}
