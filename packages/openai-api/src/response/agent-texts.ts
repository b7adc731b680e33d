import type { AgentEvent, AgentUsage } from '@chorus/protocol';
import { AgentRejection } from '../errors/api-error.ts';
import type { Extras } from './result.ts';

/**
 * The text of an answer, part by part; a question back to the caller is its last part. What comes besides text is put
 * into `extras`. Returns the tokens.
 *
 * @throws AgentRejection if the agent does not do this; what the agent throws
 */
export async function* agentTexts(
  events: AsyncIterable<AgentEvent>,
  extras: Extras,
): AsyncGenerator<string, AgentUsage> {
  for await (const event of events) {
    switch (event.type) {
      case 'text':
        yield event.text;
        break;
      case 'input-required':
        yield event.question;
        return { inputTokens: null, outputTokens: null };
      case 'rejected':
        throw new AgentRejection(event.reason);
      case 'completed':
        return event.usage;
      default:
        extras.add(event);
    }
  }
  throw new Error('the agent ended without an answer');
}
