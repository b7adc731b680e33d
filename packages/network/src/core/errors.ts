import { ChorusError, type ErrorCode, type Facts, reasonOf } from '@chorus/protocol';

/** Converts an error of libp2p to a ChorusError; if the network was closed meanwhile, the error says so. */
export function networkError(code: ErrorCode, message: string, facts: Facts, cause: unknown): ChorusError {
  if (cause instanceof ChorusError && cause.code === 'E_NETWORK_CLOSED') return cause;
  return new ChorusError(code, message, { facts: { ...facts, cause: reasonOf(cause) }, cause });
}
