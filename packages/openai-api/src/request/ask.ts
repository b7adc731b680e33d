import type { AgentExecutor, AgentRequest } from '@chorus/protocol';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';
import type { ChatRequest } from './chat-request.ts';
import { toConversation } from './conversation.ts';
import { offeredTools } from './tools.ts';
import { wishesOf } from './wishes.ts';

/** What an agent is asked by a chat completion, but for its ids; or what of it this agent cannot do. */
export function askOf(
  request: ChatRequest,
  { followsWishes = false, callsTools = false }: Pick<AgentExecutor, 'followsWishes' | 'callsTools'>,
): { asked: Omit<AgentRequest, 'taskId' | 'contextId' | 'caller'> } | { error: ApiError } {
  const wishes = wishesOf(request, followsWishes);
  if ('error' in wishes) return wishes;
  const offered = offeredTools(request);
  if (offered && !callsTools) {
    return { error: invalidRequest('tools: this agent calls no tools of a caller', 'tools') };
  }
  const conversation = toConversation(request.messages, callsTools);
  if ('error' in conversation) return conversation;
  return { asked: { ...conversation, ...wishes, ...(offered && { offered }) } };
}
