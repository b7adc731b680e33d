import { problemOf } from '@chorus/node';
import type { ChorusError } from '@chorus/protocol';

/** A problem document (RFC 9457) for a stranger. */
export function refusal(error: ChorusError): Response {
  const problem = problemOf(error);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}
