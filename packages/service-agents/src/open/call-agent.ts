import { type CallEvent, connectAgent, promisedTerms, receiptUrl } from '@chorus/a2a';
import { intentOf, payingFetch, type Send } from '@chorus/payments';
import { type AgentMessage, ChorusError, type NetworkPort, type Sum, sumText } from '@chorus/protocol';
import { pause } from '@chorus/utils';
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

/** A call of another agent, which this node pays for. */
export interface PaidCall {
  url: string;
  message: AgentMessage;
  /** The most to pay; null: nothing. */
  pay: Sum | null;
  /** The same when the call is repeated after a failure: it is not paid twice. */
  requestId: string;
  /** Agents that have passed the message on, this node's included. */
  hops: number;
  /** The conversation that it belongs to, and the task whose question it answers. */
  at?: { contextId?: string; taskId?: string };
  /** A person has said yes to the price; else nothing is paid above `agents.spend.approveAbove`. */
  approved?: boolean;
}

/** Longest wait for the head of an answer, ms. */
export const HEAD_MILLISECONDS = 120_000;

/** How long an agent may take to cancel a task before it is left alone, ms. */
const CANCEL_MILLISECONDS = 5_000;

/**
 * Call an agent, and pay for it by the node's wallet within its caps. When `signal` aborts, the task is cancelled at
 * the agent, and then the connection ends.
 * @throws ChorusError `E_PAYMENT_*`, and those of `AgentClient.call`
 */
export async function* callAgentOf(
  { url, message, pay, requestId, hops, at = {}, approved = false }: PaidCall,
  { network, payments }: Hiring,
  signal: AbortSignal,
): AsyncGenerator<CallEvent> {
  const intent = intentOf(url, message, [requestId]);
  let done = async (): Promise<void> => undefined;
  let cancel = async (): Promise<unknown> => undefined;
  const hangUp = new AbortController();
  const leave = () =>
    void Promise.race([cancel(), pause(CANCEL_MILLISECONDS, hangUp.signal)])
      .catch(() => undefined) // it ended by itself, or cannot be reached
      .finally(() => hangUp.abort(signal.reason));
  signal.throwIfAborted();
  signal.addEventListener('abort', leave, { once: true });
  try {
    const client = await connectAgent(url, {
      network,
      timeoutMs: HEAD_MILLISECONDS,
      signal: hangUp.signal,
      through: (send, card) => {
        if (pay === null) return unpaid(send);
        const most = sumText(pay.digits, pay.decimals, pay.token);
        const order = { agent: url, intent, most, approved };
        const paying = payingFetch(send, nodePurse(payments, order, promisedTerms(card)), receiptUrl);
        done = paying.done;
        return paying.send;
      },
    });
    for await (const event of client.call(message, {
      ...at,
      messageId: `msg-${intent.slice(0, 32)}`,
      hops,
    })) {
      if (event.type === 'task') cancel = () => client.cancel(event.taskId);
      yield event;
    }
  } finally {
    signal.removeEventListener('abort', leave);
    await done();
  }
}

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
