import type { Route } from './answering.ts';
import { askOf } from './request/ask.ts';
import { inOwnWords, parseResponseRequest, type ResponseRequest } from './request/response-request.ts';
import { toResponse, toResponseEvents } from './response/response.ts';

/** `POST /v1/responses`: an agent is asked, as by a chat completion. Nothing is kept of it. */
export const responsesRoute: Route<ResponseRequest> = {
  prefix: 'resp',
  isNamed: true,
  parse: parseResponseRequest,
  prepare({ executor }, { chat, echoed }) {
    const ask = askOf(chat, executor);
    if ('error' in ask) return { error: inOwnWords(ask.error) };
    return {
      begin({ taskId }, head, signal) {
        const ids = { taskId, contextId: crypto.randomUUID() };
        const events = executor.execute({ ...ids, ...ask.asked, caller: 'anonymous' }, signal);
        return {
          whole: () => toResponse(head, events, echoed),
          chunks: () => toResponseEvents(head, events, echoed),
        };
      },
    };
  },
};
