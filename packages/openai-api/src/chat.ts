import type { Route } from './answering.ts';
import { askOf } from './request/ask.ts';
import { type ChatRequest, parseChatRequest } from './request/chat-request.ts';
import { toChunks } from './response/chunks.ts';
import { toCompletion } from './response/completion.ts';

/** `POST /v1/chat/completions`: an agent is asked. */
export const chatRoute: Route<ChatRequest> = {
  prefix: 'chatcmpl',
  parse: parseChatRequest,
  prepare({ executor }, request) {
    const ask = askOf(request, executor);
    if ('error' in ask) return ask;
    return {
      begin({ taskId }, head, signal) {
        const ids = { taskId, contextId: crypto.randomUUID() };
        const events = executor.execute({ ...ids, ...ask.asked, caller: 'anonymous' }, signal);
        return {
          whole: () => toCompletion(head, events),
          chunks: () => toChunks(head, events, request.stream_options?.include_usage ?? false),
        };
      },
    };
  },
};
