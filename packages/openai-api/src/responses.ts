import type { Route } from './answering.ts';
import { toConversation } from './request/conversation.ts';
import { inOwnWords, parseResponseRequest, type ResponseRequest } from './request/response-request.ts';
import { wishesOf } from './request/wishes.ts';
import { toResponse, toResponseEvents } from './response/response.ts';

/** `POST /v1/responses`: an agent is asked, as by a chat completion. Nothing is kept of it. */
export const responsesRoute: Route<ResponseRequest> = {
  prefix: 'resp',
  isNamed: true,
  parse: parseResponseRequest,
  prepare({ executor }, { chat, echoed }) {
    const wishes = wishesOf(chat, executor.followsWishes ?? false);
    if ('error' in wishes) return { error: inOwnWords(wishes.error) };
    return {
      begin({ taskId }, head, signal) {
        const ids = { taskId, contextId: crypto.randomUUID() };
        const request = { ...ids, ...toConversation(chat.messages), ...wishes, caller: 'anonymous' };
        const events = executor.execute(request, signal);
        return {
          whole: () => toResponse(head, events, echoed),
          chunks: () => toResponseEvents(head, events, echoed),
        };
      },
    };
  },
};
