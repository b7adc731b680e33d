import type { AgentRequest, WritingWishes } from '@chorus/protocol';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';
import type { ChatRequest } from './chat-request.ts';
import type { CompletionRequest } from './completion-request.ts';

/**
 * How a request wants its answer: its length for every agent, the rest for one whose model follows such wishes. Other
 * agents ignore it, but refuse texts that end an answer, and to report probabilities: to ignore these would give another
 * answer than was asked for.
 */
export function wishesOf(
  request: ChatRequest,
  followsWishes: boolean,
): Pick<AgentRequest, 'maxTokens' | 'wishes'> | { error: ApiError } {
  const { max_completion_tokens, max_tokens, logprobs, top_logprobs } = request;
  const schema = schemaOf(request.response_format);
  const wishes = {
    ...writingWishes(request, logprobs ? (top_logprobs ?? 0) : null),
    ...(schema === null ? {} : { schema }),
  };
  if (!followsWishes) {
    if (wishes.stop) return refused('stop', 'where an answer ends is up to the agent; stop cannot be set');
    if (schema !== null) {
      const message = 'the form of an answer is up to this agent; it must be of the type "text"';
      return refused('response_format', message);
    }
    if (wishes.logprobs !== undefined) return refused('logprobs', 'this agent reports no probabilities');
  }
  return {
    ...given({ maxTokens: max_completion_tokens ?? max_tokens }),
    ...(followsWishes && Object.keys(wishes).length > 0 ? { wishes } : {}),
  };
}

/** The JSON Schema of a form of answers; null: any text. */
function schemaOf(format: ChatRequest['response_format']): string | null {
  if (!format || format.type === 'text') return null;
  return JSON.stringify(format.type === 'json_object' ? { type: 'object' } : format.json_schema.schema);
}

/** @param logprobs most likely tokens to report with each one; null: no tokens are reported */
export function writingWishes(
  request: Pick<
    ChatRequest | CompletionRequest,
    'temperature' | 'top_p' | 'seed' | 'presence_penalty' | 'frequency_penalty' | 'stop'
  >,
  logprobs: number | null,
): WritingWishes {
  const { temperature, top_p: topP, seed, presence_penalty, frequency_penalty } = request;
  const stop = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? []);
  return {
    ...given({ temperature, topP, presencePenalty: presence_penalty, frequencyPenalty: frequency_penalty }),
    // Seeds of the API may be negative.
    ...given({ seed: seed === null || seed === undefined ? seed : Math.abs(seed), logprobs }),
    ...(stop.length > 0 ? { stop } : {}),
  };
}

const refused = (param: string, message: string) => ({
  error: invalidRequest(`${param}: ${message}`, param),
});

/** What of an object is a number. */
function given<K extends string>(values: Record<K, number | null | undefined>): { [P in K]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === 'number')) as {
    [P in K]?: number;
  };
}
