import {
  type AgentCard,
  Role,
  type SendMessageRequest,
  SendMessageRequest as SendMessageRequests,
} from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';
import { type AgentMessage, ChorusError, MAX_TRANSCRIPT_BYTES } from '@chorus/protocol';
import { belowBase } from '../card/binding.ts';
import type { NodeIdentity } from '../identity/did-key.ts';
import { toParts, message as wireMessage } from '../tasks/wire.ts';
import { type CallEvent, EventReader, isLast } from './events.ts';
import { failureOf } from './failure.ts';
import { type ResolvedAgent, resolveAgent } from './resolve.ts';
import { Transport, type TransportOptions } from './transport.ts';

export interface CallOptions {
  /** Events as they come, by default; otherwise all at the end. */
  stream?: boolean;
  /** Goes on with a task that asked something. */
  taskId?: string;
  /** Goes on with a conversation. */
  contextId?: string;
  /** Id of the message; by default a new one. The same again makes the same request. */
  messageId?: string;
  /** Agents that have passed the message on, if the caller is one of them. */
  hops?: number;
}

/** An agent whose card is checked, ready to be called. Make one with `connectAgent`. */
export class AgentClient {
  readonly card: AgentCard;
  /** The bytes of the card as they were served. */
  readonly cardBytes: Uint8Array;
  /** The node that signed the card; null for an unsigned one. */
  readonly signer: NodeIdentity | null;
  readonly #client: Client;
  readonly #fetch: (path: string) => Promise<Response>;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    agent: ResolvedAgent,
    client: Client,
    fetchBelow: (path: string) => Promise<Response>,
    signal: AbortSignal | undefined,
  ) {
    this.card = agent.card;
    this.cardBytes = agent.bytes;
    this.signer = agent.signer;
    this.#client = client;
    this.#fetch = fetchBelow;
    this.#signal = signal;
  }

  /** @throws ChorusError see `resolveAgent` */
  static async connect(target: string, options: ConnectOptions): Promise<AgentClient> {
    const transport = new Transport(options);
    const agent = await resolveAgent(target, transport, options);
    const sending = (url: string, init: RequestInit) => transport.send(url, init);
    const send = options.through?.(sending, agent.card) ?? sending;
    const fetchImpl = (async (url: string | URL | Request, init: RequestInit = {}) =>
      await send(String(url), init)) as typeof fetch;
    const transports = [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })];
    // The chosen place alone, by the standard name of its binding: over libp2p the same JSON-RPC is spoken.
    const { url, binding } = agent.endpoint;
    const place = { url, protocolBinding: binding, protocolVersion: '1.0', tenant: '' };
    const client = await new ClientFactory({ transports }).createFromAgentCard({
      ...agent.card,
      supportedInterfaces: [place],
    });
    const fetchBelow = (path: string) => sending(belowBase(path, url), { method: 'GET' });
    return new AgentClient(agent, client, fetchBelow, options.signal);
  }

  /**
   * Ask the agent. The last event is `completed`, `input-required`, `rejected`, `failed` or `cancelled`; to stop
   * reading ends the stream, not the task.
   * @throws ChorusError `E_A2A_CALL`, `E_A2A_REFUSED` (the agent's own words), `E_A2A_RESPONSE`, `E_A2A_TOO_LARGE`
   */
  async *call(
    message: string | AgentMessage,
    options: CallOptions = {},
  ): AsyncGenerator<CallEvent, void, undefined> {
    const request = requestOf(message, options);
    const reader = new EventReader();
    let last = false;
    try {
      if (options.stream ?? true) {
        for await (const event of this.#client.sendMessageStream(request, this.#with())) {
          for (const seen of reader.read(event)) {
            last ||= isLast(seen);
            yield seen;
          }
        }
      } else {
        const answer = await this.#client.sendMessage(request, this.#with());
        const payload =
          'messageId' in answer
            ? ({ $case: 'message', value: answer } as const)
            : ({ $case: 'task', value: answer } as const);
        for (const seen of reader.read({ payload })) {
          last ||= isLast(seen);
          yield seen;
        }
      }
    } catch (error) {
      throw failureOf(error, this.#signal);
    }
    if (!last) {
      throw new ChorusError('E_A2A_RESPONSE', 'the answer ended before the task did', {
        hint: 'ask for the task by its id, or subscribe to it',
      });
    }
  }

  /** Events of a task from now on, its results so far first. */
  async *subscribe(taskId: string): AsyncGenerator<CallEvent, void, undefined> {
    const reader = new EventReader();
    try {
      for await (const event of this.#client.resubscribeTask({ id: taskId, tenant: '' }, this.#with())) {
        yield* reader.read(event);
      }
    } catch (error) {
      throw failureOf(error, this.#signal);
    }
  }

  /** What is known of a task: its results, and its end if it has one. */
  async task(taskId: string): Promise<CallEvent[]> {
    return await this.#of(async () => {
      const task = await this.#client.getTask({ id: taskId, tenant: '' }, this.#with());
      return [...new EventReader().task(task)];
    });
  }

  async cancel(taskId: string): Promise<void> {
    await this.#of(() =>
      this.#client.cancelTask({ id: taskId, tenant: '', metadata: undefined }, this.#with()),
    );
  }

  /**
   * The transcript of an answer, as the agent has it: not checked.
   * @param path of the answer's receipt
   * @throws ChorusError `E_AGENT_TRANSCRIPT` if the agent does not have it; `E_A2A_CALL`, `E_A2A_TOO_LARGE`
   */
  async transcript(path: string): Promise<Uint8Array> {
    return await this.#of(async () => {
      const response = await this.#fetch(path);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.ok && bytes.length <= MAX_TRANSCRIPT_BYTES) return bytes;
      throw new ChorusError('E_AGENT_TRANSCRIPT', 'the agent does not give the transcript of its answer', {
        facts: { status: response.status },
        hint: 'ask it again: transcripts are kept for a while only',
      });
    });
  }

  async #of<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw failureOf(error, this.#signal);
    }
  }

  #with(): { signal?: AbortSignal } {
    return this.#signal ? { signal: this.#signal } : {};
  }
}

/** Sends a request whose body is text. */
type SendText = (url: string, init: RequestInit) => Promise<Response>;

export interface ConnectOptions extends TransportOptions {
  /** What requests to the agent go through, such as what pays for them; its card, which was checked, is read without. */
  through?: (send: SendText, card: AgentCard) => SendText;
  /**
   * Take a card without a signature, of agents that do not sign. A signature that does not hold is never taken. Off
   * by default.
   */
  allowUnsigned?: boolean;
}

/**
 * Read and verify an agent's card.
 * @param target base or card URL: `https://host/agents/7/`, or `libp2p://k51.../agents/7/` with a `network`
 * @throws ChorusError `E_A2A_CARD`, `E_A2A_CARD_SIGNATURE`, `E_A2A_CALL`, `E_A2A_REDIRECT`, `E_A2A_URL`,
 *   `E_A2A_TOO_LARGE`
 */
export async function connectAgent(target: string, options: ConnectOptions = {}): Promise<AgentClient> {
  return await AgentClient.connect(target, options);
}

/**
 * Read and verify an agent's card, and ask it.
 * @example
 * for await (const event of callAgent('libp2p://k51.../agents/7/', 'Hello', { network })) {
 *   if (event.type === 'text') process.stdout.write(event.text);
 * }
 */
export async function* callAgent(
  target: string,
  message: string | AgentMessage,
  options: ConnectOptions & CallOptions = {},
): AsyncGenerator<CallEvent, void, undefined> {
  const agent = await connectAgent(target, options);
  yield* agent.call(message, options);
}

function requestOf(message: string | AgentMessage, options: CallOptions): SendMessageRequest {
  const said: AgentMessage =
    typeof message === 'string' ? { from: 'caller', text: message, files: [], data: [] } : message;
  const at = {
    ...(options.taskId ? { taskId: options.taskId } : {}),
    ...(options.contextId ? { contextId: options.contextId } : {}),
    ...(options.messageId ? { messageId: options.messageId } : {}),
    ...(options.hops ? { hops: options.hops } : {}),
  };
  return { ...SendMessageRequests.fromJSON({}), message: wireMessage(Role.ROLE_USER, toParts(said), at) };
}
