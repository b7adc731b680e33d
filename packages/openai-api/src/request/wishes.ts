import type { AgentRequest } from '@chorus/protocol';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';
import type { ChatRequest } from './chat-request.ts';

/**
 * How a request wants its answer: its length for every agent, the rest for one whose model follows such wishes. Other
 * agents ignore it, but refuse texts that end an answer: to ignore these would give another answer than was asked for.
 */
export function wishesOf(
  request: ChatRequest,
  followsWishes: boolean,
): Pick<AgentRequest, 'maxTokens' | 'wishes'> | { error: ApiError } {
  const { temperature, top_p: topP, seed, presence_penalty, frequency_penalty } = request;
  const maxTokens = request.max_completion_tokens ?? request.max_tokens;
  const stop = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? []);
  if (stop.length > 0 && !followsWishes) {
    const message = 'where an answer ends is up to the agent; stop cannot be set';
    return { error: invalidRequest(`stop: ${message}`, 'stop') };
  }
  const wishes = {
    ...given({ temperature, topP, presencePenalty: presence_penalty, frequencyPenalty: frequency_penalty }),
    // Seeds of the API may be negative.
    ...given({ seed: seed === null || seed === undefined ? seed : Math.abs(seed) }),
    ...(stop.length > 0 ? { stop } : {}),
  };
  return {
    ...given({ maxTokens }),
    ...(followsWishes && Object.keys(wishes).length > 0 ? { wishes } : {}),
  };
}

/** What of an object is a number. */
function given<K extends string>(values: Record<K, number | null | undefined>): { [P in K]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === 'number')) as {
    [P in K]?: number;
  };
}
