import { ChorusError, httpStatusOf } from '@chorus/protocol';

/** Seconds after which a caller may ask a busy agent again. */
const RETRY_SECONDS = 5;

/** Why a request is not answered, as the protocol says it. */
export function refusal(status: number, error: string): Response {
  const headers = status === 429 ? { 'retry-after': String(RETRY_SECONDS) } : undefined;
  return Response.json({ error }, { status, ...(headers && { headers }) });
}

/** Why a model did not answer. The words of errors that are not ChorusErrors are hidden from the caller. */
export function failure(error: unknown): Response {
  if (!(error instanceof ChorusError)) return refusal(500, 'the model failed');
  const { message, hint } = error;
  return refusal(httpStatusOf(error), hint ? `${message}: ${hint}` : message);
}
