import { randomUUID } from 'node:crypto';
import { connectAgent } from '@chorus/a2a';
import type { AgentModel } from '@chorus/agent';
import {
  type AgentMessage,
  ChorusError,
  type Engine,
  type EngineEvent,
  type EngineRequest,
  plainLine,
  sumText,
} from '@chorus/protocol';
import { callAgentOf, HEAD_MILLISECONDS, type Hiring, type PaidCall } from './call-agent.ts';

type HiredAgent = Extract<AgentModel, { kind: 'agent' }>;

export interface HiredOptions {
  model: HiredAgent;
  /** Agents that a request may pass through, this one included. */
  depth: number;
  hiring: Hiring;
  signal: AbortSignal;
}

/**
 * Another agent as the model of this one: each request is passed on to it, and paid for if the file says how much.
 * @throws ChorusError `E_AGENT_IDENTITY`, `E_A2A_*` if it cannot be called
 */
export async function createHiredAgent({ model, depth, hiring, signal }: HiredOptions): Promise<Engine> {
  const { agent, pay } = model;
  const closing = new AbortController();
  const url = await hiring.resolve(agent, signal);
  const { card } = await connectAgent(url, { network: hiring.network, timeoutMs: HEAD_MILLISECONDS, signal });
  const name = typeof agent === 'bigint' ? `agent ${agent} (${card.name})` : card.name;
  return {
    facts: {
      kind: 'agent',
      model: name,
      inputModes: card.defaultInputModes,
      outputModes: card.defaultOutputModes,
      conversation: false,
      callsTools: false,
      bytesPerToken: null,
      details: {
        agent: String(agent),
        pay: pay === null ? 'nothing' : sumText(pay.digits, pay.decimals, pay.token),
      },
    },
    async *run(request: EngineRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
      if ((request.hops ?? 0) + 1 >= depth) throw tooDeep(depth);
      const ends = AbortSignal.any([signal, closing.signal]);
      // Its owner may have moved it since.
      const url = typeof agent === 'bigint' ? await hiring.resolve(agent, ends) : agent;
      const { taskId = randomUUID(), hops = 0 } = request;
      const call = { url, message: questionOf(request), pay, requestId: taskId, hops: hops + 1 };
      yield* askHired(call, hiring, ends);
    },
    close: async () => closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent has ended')),
  };
}

/** What the other agent answers, as a model's answer. */
async function* askHired(call: PaidCall, hiring: Hiring, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  for await (const event of callAgentOf(call, hiring, signal)) {
    switch (event.type) {
      case 'text':
      case 'data':
      case 'file':
        yield event;
        break;
      case 'completed':
        yield { type: 'finished', reason: 'stop', usage: event.usage };
        break;
      case 'rejected':
        throw new ChorusError('E_AGENT_INPUT', event.reason);
      case 'input-required':
        // The question is answered by asking again with the answer in it.
        throw new ChorusError('E_AGENT_INPUT', event.question);
      case 'failed':
        throw failed(event.reason);
      case 'cancelled':
        throw failed('it cancelled the task');
      default:
    }
  }
}

/** The caller's last message; earlier ones are no business of another agent. */
function questionOf({ messages }: EngineRequest): AgentMessage {
  const { text, files, data } = messages.findLast(({ role }) => role === 'user')!;
  return { from: 'caller', text, files, data };
}

function tooDeep(depth: number): ChorusError {
  return new ChorusError('E_AGENT_HIRE', 'the request has been passed on by as many agents as may be', {
    facts: { depth },
    hint: 'ask the agent at its end yourself, or let the owner raise limits.depth',
  });
}

const failed = (says: string): ChorusError =>
  new ChorusError('E_AGENT_HIRE', 'the agent that was asked could not do it', {
    facts: { says: plainLine(says).slice(0, 300) },
    hint: 'try again later',
  });
