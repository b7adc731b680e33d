import type { AgentEvent, AgentUsage, ScoredToken } from '@chorus/protocol';
import { AgentRejection } from '../errors/api-error.ts';
import type { Extras } from './result.ts';

/** How an answer ended, and its tokens. */
export interface AnswerEnd {
  reason: 'stop' | 'length';
  usage: AgentUsage;
}

/** A part of an answer's text, and its tokens if they were asked for. */
export interface AnswerPart {
  text: string;
  tokens: readonly ScoredToken[];
}

/** The end of an answer that says nothing of it. */
export const UNKNOWN_END: AnswerEnd = { reason: 'stop', usage: { inputTokens: null, outputTokens: null } };

/**
 * The text of an answer, part by part; a question back to the caller is its last part. What comes besides text is put
 * into `extras`. Returns how it ended.
 *
 * @throws AgentRejection if the agent does not do this; what the agent throws
 */
export async function* agentTexts(
  events: AsyncIterable<AgentEvent>,
  extras: Extras,
): AsyncGenerator<AnswerPart, AnswerEnd> {
  for await (const event of events) {
    switch (event.type) {
      case 'text':
        yield { text: event.text, tokens: event.tokens ?? [] };
        break;
      case 'input-required':
        yield { text: event.question, tokens: [] };
        return UNKNOWN_END;
      case 'rejected':
        throw new AgentRejection(event.reason);
      case 'completed':
        extras.add(event);
        return { reason: event.reason ?? 'stop', usage: event.usage };
      default:
        extras.add(event);
    }
  }
  throw new Error('the agent ended without an answer');
}
