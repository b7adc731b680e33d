import { ChorusError, reasonOf } from '@chorus/protocol';

/** What went wrong with a call: errors of the SDK, which has many classes, by what they mean to the caller. */
export function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  for (
    let cause: unknown = error, depth = 0;
    cause instanceof Error && depth < 8;
    cause = cause.cause, depth++
  ) {
    if (cause instanceof ChorusError) return cause;
  }
  const reason = (error as { reason?: unknown }).reason;
  if (reason === 'TASK_NOT_FOUND') {
    return new ChorusError('E_A2A_TASK_UNKNOWN', 'the agent knows no such task of yours', { cause: error });
  }
  if (typeof reason === 'string') {
    return new ChorusError('E_A2A_REFUSED', 'the agent refuses', {
      facts: { reason: reason.slice(0, 100), says: reasonOf(error).slice(0, 500) },
      cause: error,
    });
  }
  return new ChorusError('E_A2A_RESPONSE', 'the agent does not answer as A2A says', {
    facts: { cause: reasonOf(error).slice(0, 500) },
    cause: error,
  });
}
