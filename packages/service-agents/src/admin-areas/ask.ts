import type { CallEvent } from '@chorus/a2a';
import type { AskRequest } from '@chorus/admin-api';
import { type AgentMessage, ChorusError, parseSum, type Sum } from '@chorus/protocol';

/** How the owner's question is asked. */
export interface AskOptions {
  at: { contextId?: string; taskId?: string };
  requestId: string;
  /** The most to pay; null: nothing. */
  pay: Sum | null;
  approved: boolean;
  signal: AbortSignal;
}

/** What asks agents. */
export interface AskSource {
  callAgent(agent: bigint | string, message: AgentMessage, options: AskOptions): AsyncGenerator<CallEvent>;
}

/**
 * Ask an agent for the owner of this node.
 * @throws ChorusError `E_ADMIN_BAD_REQUEST` if the sum is not one
 */
export function ask(source: AskSource, asked: AskRequest, signal: AbortSignal): AsyncGenerator<CallEvent> {
  const { agent, text, files = [], request, context, task, pay, approved = false } = asked;
  const sum = pay === undefined ? null : parseSum(pay);
  if (pay !== undefined && sum === null) {
    throw new ChorusError('E_ADMIN_BAD_REQUEST', 'pay must be a sum with its token', {
      facts: { pay },
      hint: 'such as 0.05 CHOR',
    });
  }
  return source.callAgent(
    /^\d{1,20}$/.test(agent) ? BigInt(agent) : agent,
    {
      from: 'caller',
      text,
      files: files.map(({ data, ...file }) => ({
        ...file,
        bytes: new Uint8Array(Buffer.from(data, 'base64')),
      })),
      data: [],
    },
    {
      at: {
        ...(context === undefined ? {} : { contextId: context }),
        ...(task === undefined ? {} : { taskId: task }),
      },
      requestId: request,
      pay: sum,
      approved,
      signal,
    },
  );
}
