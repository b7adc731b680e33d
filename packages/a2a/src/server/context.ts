import { A2A_VERSION_HEADER, type AgentCard, Extensions, HTTP_EXTENSION_HEADER } from '@a2a-js/sdk';
import { defaultServerCallContextBuilder, type ServerCallContext, validateVersion } from '@a2a-js/sdk/server';
import { ANONYMOUS } from '../tasks/task-store.ts';

/** What is known of a request besides itself: given as the second argument of `fetch`. */
export interface A2aBindings {
  /** Peer id of the asker, proven by its connection. Never from a header. */
  peer?: string;
  /** Name of the asker, if something else has proven it, such as a token of the agent's owner. Wins over `peer`. */
  caller?: string;
}

export function callerOf({ peer, caller }: A2aBindings = {}): string {
  return caller ?? (peer ? `peer:${peer}` : ANONYMOUS);
}

/**
 * The context of a call. The version is asked for by a header; without one it is 0.3, which this agent does not speak
 * (A2A 1.0, section 3.6.2).
 * @throws VersionNotSupportedError
 */
export function contextOf(request: Request, caller: string, card: AgentCard): ServerCallContext {
  const requestedVersion = (
    request.headers.get(A2A_VERSION_HEADER) ?? new URL(request.url).searchParams.get(A2A_VERSION_HEADER)
  )?.slice(0, 20);
  const context = defaultServerCallContextBuilder({
    extensions: Extensions.parseServiceParameter(request.headers.get(HTTP_EXTENSION_HEADER)?.slice(0, 4_096)),
    user: { isAuthenticated: caller !== ANONYMOUS, userName: caller },
    headers: {},
    ...(requestedVersion ? { requestedVersion } : {}),
  });
  validateVersion(context.requestedVersion, card);
  return context;
}
