import type { Route } from './answering.ts';
import { invalidRequest } from './errors/api-error.ts';
import { type CompletionRequest, parseCompletionRequest } from './request/completion-request.ts';
import { writingWishes } from './request/wishes.ts';
import { toTextChunks, toTextCompletion } from './response/text-completion.ts';

/** `POST /v1/completions`: the language model of an agent writes on from texts, as they are. */
export const completionsRoute: Route<CompletionRequest> = {
  prefix: 'cmpl',
  parse: parseCompletionRequest,
  prepare({ executor }, request) {
    const { complete } = executor;
    if (!complete) {
      const message =
        'this agent does not write on from texts: it has no language model of its own, or its owner does not offer it; ask it by /v1/chat/completions';
      return { error: { ...invalidRequest(message, 'model'), code: 'model_not_supported' } };
    }
    const { prompt, n, max_tokens: maxTokens, echo } = request;
    const logprobs = request.logprobs ?? null;
    const prompts = prompt.flatMap((each) => Array.from({ length: n }, () => each));
    const wishes = writingWishes(request, logprobs);
    return {
      begin(_, head, signal) {
        const events = complete({ prompts, maxTokens, echo, wishes, caller: 'anonymous' }, signal);
        const form = { count: prompts.length, logprobs: logprobs !== null };
        return {
          whole: () => toTextCompletion(head, events, form),
          chunks: () => toTextChunks(head, events, form, request.stream_options?.include_usage ?? false),
        };
      },
    };
  },
};
