import { ChorusError, type Facts } from '@chorus/protocol';

/** What libp2p threw, as one of ours; that the network was closed meanwhile is said as such. */
export function networkError(code: string, message: string, facts: Facts, cause: unknown): ChorusError {
  if (cause instanceof ChorusError && cause.code === 'E_NETWORK_CLOSED') return cause;
  return new ChorusError(code, message, { facts: { ...facts, cause: reasonOf(cause) }, cause });
}

/** One line that says why; an AggregateError (several addresses tried) gives its first cause. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
