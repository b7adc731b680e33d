import type { Route } from './answering.ts';
import { type ChatRequest, parseChatRequest } from './request/chat-request.ts';
import { toConversation } from './request/conversation.ts';
import { wishesOf } from './request/wishes.ts';
import { toChunks } from './response/chunks.ts';
import { toCompletion } from './response/completion.ts';

/** `POST /v1/chat/completions`: an agent is asked. */
export const chatRoute: Route<ChatRequest> = {
  prefix: 'chatcmpl',
  parse: parseChatRequest,
  prepare({ executor }, request) {
    const wishes = wishesOf(request, executor.followsWishes ?? false);
    if ('error' in wishes) return wishes;
    return {
      begin({ taskId }, head, signal) {
        const conversation = toConversation(request.messages);
        const ids = { taskId, contextId: crypto.randomUUID() };
        const events = executor.execute({ ...ids, ...conversation, ...wishes, caller: 'anonymous' }, signal);
        return {
          whole: () => toCompletion(head, events),
          chunks: () => toChunks(head, events, request.stream_options?.include_usage ?? false),
        };
      },
    };
  },
};
