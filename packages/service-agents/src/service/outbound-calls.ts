import { randomUUID } from 'node:crypto';
import type { CallEvent } from '@chorus/a2a';
import type { AgentMessage, NetworkPort, Sum } from '@chorus/protocol';
import type { Hiring, PaidCall } from '../open/call-agent.ts';
import type { PaymentsSource } from '../payments/source.ts';

export interface OutboundCallsOptions {
  network: Pick<NetworkPort, 'peerId' | 'fetch'>;
  /** Answers a request to an agent of this node. */
  own: (request: Request, peer: string) => Promise<Response>;
  /**
   * Where an agent is called, by its number.
   * @throws ChorusError `E_AGENT_IDENTITY`
   */
  resolve: (agentId: bigint) => Promise<string>;
  payments: () => Promise<PaymentsSource>;
}

/** What a call that this node's owner asks for may say besides its message. */
export type CallOptions = Partial<Pick<PaidCall, 'at' | 'approved' | 'requestId'>> & {
  pay: Sum | null;
  signal: AbortSignal;
};

/** Calls of agents of the network, paid for by this node's wallet within its caps. */
export class OutboundCalls {
  /** What agents of this node need to ask others. */
  readonly hiring: Hiring;

  constructor({ network, own, resolve, payments }: OutboundCallsOptions) {
    this.hiring = {
      resolve: async (agent) => (typeof agent === 'string' ? agent : resolve(agent)),
      network: {
        // A node does not dial itself.
        fetch: async (peer, request, options) =>
          peer === network.peerId ? own(request, peer) : network.fetch(peer, request, options),
      },
      payments,
    };
  }

  /**
   * Call an agent, and pay for it by this node's wallet, within its caps.
   * @param agent its number, whose identity is checked first, or its address
   * @param options `pay`: the most to pay; null: nothing
   * @throws ChorusError `E_AGENT_IDENTITY`, `E_PAYMENT_*`, and those of the client
   */
  async *call(
    agent: bigint | string,
    message: AgentMessage,
    options: CallOptions,
  ): AsyncGenerator<CallEvent> {
    const { signal, requestId = randomUUID(), ...more } = options;
    const { callAgentOf } = await import('../open/call-agent.ts');
    const url = await this.hiring.resolve(agent, signal);
    yield* callAgentOf({ ...more, url, message, requestId, hops: 0 }, this.hiring, signal);
  }
}
