import type { AgentEvent, AgentUsage, ScoredToken } from '@chorus/protocol';
import { AgentRejection } from '../errors/api-error.ts';
import type { Extras } from './result.ts';

/** How an answer ended, and its tokens. */
export interface AnswerEnd {
  reason: 'stop' | 'length' | 'tool_calls';
  usage: AgentUsage;
}

/** A part of an answer: of its text, with its tokens if they were asked for, or of a call of a caller's tool. */
export type AnswerPart = { type: 'text'; text: string; tokens: readonly ScoredToken[] } | CallPart;

export interface CallPart {
  type: 'call';
  /** Calls before it. */
  index: number;
  /** The first part of this call. */
  isFirst: boolean;
  /** The last one: without it, a call was cut. */
  isLast: boolean;
  id: string;
  name: string;
  /** A part of its arguments, as JSON. */
  text: string;
}

/** The end of an answer that says nothing of it. */
export const UNKNOWN_END: AnswerEnd = { reason: 'stop', usage: { inputTokens: null, outputTokens: null } };

/**
 * An answer, part by part; a question back to the caller is its last part. What comes besides text and calls is put
 * into `extras`. Returns how it ended.
 *
 * @throws AgentRejection if the agent does not do this; what the agent throws
 */
export async function* agentParts(
  events: AsyncIterable<AgentEvent>,
  extras: Extras,
): AsyncGenerator<AnswerPart, AnswerEnd> {
  /** Ids of the calls that have begun. */
  const ids: string[] = [];
  let isCalling = false;
  const part = (id: string, name: string, text: string, isLast: boolean): CallPart => {
    const isFirst = !ids.includes(id);
    if (isFirst) ids.push(id);
    return { type: 'call', index: ids.indexOf(id), isFirst, isLast, id, name, text };
  };
  for await (const event of events) {
    switch (event.type) {
      case 'text':
        yield { type: 'text', text: event.text, tokens: event.tokens ?? [] };
        break;
      case 'call-part':
        yield part(event.id, event.name, event.text, false);
        break;
      case 'call': {
        const { id, name, input } = event.call;
        isCalling = true;
        yield part(id, name, ids.includes(id) ? '' : JSON.stringify(input ?? {}), true);
        break;
      }
      case 'input-required':
        yield { type: 'text', text: event.question, tokens: [] };
        return UNKNOWN_END;
      case 'rejected':
        throw new AgentRejection(event.reason);
      case 'completed': {
        extras.add(event);
        const { reason = 'stop', usage } = event;
        return { reason: isCalling && reason === 'stop' ? 'tool_calls' : reason, usage };
      }
      default:
        extras.add(event);
    }
  }
  throw new Error('the agent ended without an answer');
}
