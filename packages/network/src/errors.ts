import { ChorusError, type ErrorCode, type Facts, reasonOf } from '@chorus/protocol';

/** What libp2p threw, as one of ours; that the network was closed meanwhile is said as such. */
export function networkError(code: ErrorCode, message: string, facts: Facts, cause: unknown): ChorusError {
  if (cause instanceof ChorusError && cause.code === 'E_NETWORK_CLOSED') return cause;
  return new ChorusError(code, message, { facts: { ...facts, cause: reasonOf(cause) }, cause });
}
