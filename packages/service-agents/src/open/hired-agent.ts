import { createHash, randomUUID } from 'node:crypto';
import { connectAgent, PAYMENT_EXTENSION } from '@chorus/a2a';
import type { AgentModel } from '@chorus/agent';
import { payingFetch, type Send } from '@chorus/payments';
import {
  type AgentMessage,
  ChorusError,
  type Engine,
  type EngineEvent,
  type EngineRequest,
  type NetworkPort,
  plainLine,
  sumText,
} from '@chorus/protocol';
import { nodePurse } from '../payments/node-purse.ts';
import type { PaymentsSource } from '../payments/source.ts';

/** What an agent needs to ask another one. */
export interface Hiring {
  /**
   * Where an agent is called. Of a number, its identity is checked.
   * @throws ChorusError `E_AGENT_IDENTITY`
   */
  resolve(agent: bigint | string, signal: AbortSignal): Promise<string>;
  /** Reaches agents at peers, those of this node too. */
  network: Pick<NetworkPort, 'fetch'>;
  /** Pays for calls, within the caps of the node. */
  payments(): Promise<PaymentsSource>;
}

type HiredAgent = Extract<AgentModel, { kind: 'agent' }>;

export interface HiredOptions {
  model: HiredAgent;
  /** Agents that a request may pass through, this one included. */
  depth: number;
  hiring: Hiring;
  signal: AbortSignal;
}

/** Longest wait for the head of an answer, ms. */
const HEAD_MILLISECONDS = 120_000;

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
        pay: pay === null ? 'nothing' : `${sumText(pay.digits, pay.decimals, pay.token)}`,
      },
    },
    async *run(request: EngineRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
      if ((request.hops ?? 0) + 1 >= depth) throw tooDeep(depth);
      const ends = AbortSignal.any([signal, closing.signal]);
      // Its owner may have moved it since.
      const at = typeof agent === 'bigint' ? await hiring.resolve(agent, ends) : agent;
      yield* askHired(at, model, request, hiring, ends);
    },
    close: async () => closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent has ended')),
  };
}

async function* askHired(
  url: string,
  { pay }: HiredAgent,
  request: EngineRequest,
  { network, payments }: Hiring,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent> {
  const message = questionOf(request);
  const intent = intentOf(url, request.taskId ?? randomUUID(), message);
  let done = async (): Promise<void> => undefined;
  const client = await connectAgent(url, {
    network,
    timeoutMs: HEAD_MILLISECONDS,
    signal,
    through: (send, { capabilities }) => {
      if (pay === null) return unpaid(send);
      const promised = capabilities?.extensions.find(({ uri }) => uri === PAYMENT_EXTENSION)?.params?.accepts;
      const order = { agent: url, intent, most: sumText(pay.digits, pay.decimals, pay.token) };
      const paying = payingFetch(send, nodePurse(payments, order, promised), receiptUrl);
      done = paying.done;
      return paying.send;
    },
  });
  try {
    const at = { messageId: `msg-${intent.slice(0, 32)}`, hops: (request.hops ?? 0) + 1 };
    for await (const event of client.call(message, at)) {
      switch (event.type) {
        case 'text':
        case 'data':
        case 'file':
          yield event;
          break;
        case 'completed':
          yield { type: 'finished', reason: 'stop', usage: event.usage };
          return;
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
  } finally {
    await done();
  }
}

/** The caller's last message; earlier ones are no business of another agent. */
function questionOf({ messages }: EngineRequest): AgentMessage {
  const { text, files, data } = messages.findLast(({ role }) => role === 'user')!;
  return { from: 'caller', text, files, data };
}

/** The same for a request that is repeated, so that it is not paid twice. */
function intentOf(url: string, taskId: string, { text, files, data }: AgentMessage): string {
  const hash = createHash('sha256').update(JSON.stringify([url, taskId, text, data]));
  for (const { name, mediaType, bytes } of files)
    hash.update(JSON.stringify([name, mediaType])).update(bytes);
  return hash.digest('hex');
}

/** Receipts are below the agent's base, as its protocols are. */
const receiptUrl = (nonce: string, url: string) => url.replace(/\/(?:a2a|rest\/.*)$/, `/receipts/${nonce}`);

const unpaid =
  (send: Send): Send =>
  async (url, init) => {
    const response = await send(url, init);
    if (response.status !== 402) return response;
    await response.body?.cancel().catch(() => undefined);
    throw new ChorusError('E_PAYMENT_REQUIRED', 'the agent that would answer is paid for each call', {
      hint: 'its owner says with model.agent.pay how much it may cost',
    });
  };

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
