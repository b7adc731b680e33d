import {
  type StreamResponse,
  StreamResponse as StreamResponses,
  type TaskPushNotificationConfig,
} from '@a2a-js/sdk';
import type { PushNotificationSender, PushNotificationStore, ServerCallContext } from '@a2a-js/sdk/server';
import type { Agent } from 'undici';
import { type GuardOptions, guardedAgent, guardedUrl } from '../net/guarded-agent.ts';

const TIMEOUT_MS = 10_000;
/** Notifications on their way, and those that wait: a stranger's list of URLs must not become a flood. */
const MAX_AT_ONCE = 8;
const MAX_WAITING = 1_000;

/**
 * Sends notifications of a task's progress (A2A 1.0, section 4.3.3) to public https addresses only, without following
 * redirects. Best effort: a failed one is not repeated. Chunks of a growing answer are not sent; `GetTask` returns
 * the whole.
 */
export class PushSender implements PushNotificationSender {
  readonly #store: PushNotificationStore;
  readonly #guard: GuardOptions;
  readonly #agent: Agent;
  readonly #closing = new AbortController();
  /** The last notification of each task: they arrive in order. */
  readonly #chains = new Map<string, Promise<void>>();
  readonly #turns: (() => void)[] = [];
  #waiting = 0;
  #running = 0;

  constructor(store: PushNotificationStore, guard: GuardOptions) {
    this.#store = store;
    this.#guard = guard;
    this.#agent = guardedAgent(guard);
  }

  async send(event: StreamResponse, context: ServerCallContext): Promise<void> {
    const { payload } = event;
    if (!payload || payload.$case === 'message') return;
    if (payload.$case === 'artifactUpdate' && (payload.value.append || !payload.value.lastChunk)) return;
    const taskId = payload.$case === 'task' ? payload.value.id : payload.value.taskId;
    const configs = await this.#store.load(taskId, context);
    if (configs.length === 0 || this.#waiting + configs.length > MAX_WAITING) return;
    const body = JSON.stringify(StreamResponses.toJSON(event));
    const before = this.#chains.get(taskId) ?? Promise.resolve();
    this.#waiting += configs.length;
    const chain = before.then(async () => {
      await Promise.allSettled(configs.map((config) => this.#deliver(config, body)));
      this.#waiting -= configs.length;
    });
    this.#chains.set(taskId, chain);
    await chain;
    if (this.#chains.get(taskId) === chain) this.#chains.delete(taskId);
  }

  async #deliver(config: TaskPushNotificationConfig, body: string): Promise<void> {
    try {
      if (this.#running >= MAX_AT_ONCE) await new Promise<void>((go) => this.#turns.push(go));
      else this.#running++;
      await this.#post(config, body);
    } finally {
      const next = this.#turns.shift();
      if (next) next();
      else this.#running--;
    }
  }

  async #post(config: TaskPushNotificationConfig, body: string): Promise<void> {
    // Again: it was stored under the rules of that time.
    const url = guardedUrl(config.url, this.#guard);
    const { scheme, credentials } = config.authentication ?? {};
    const response = await this.#agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: {
        'content-type': 'application/a2a+json',
        ...(scheme && credentials ? { authorization: `${scheme} ${credentials}` } : {}),
        ...(config.token ? { 'x-a2a-notification-token': config.token } : {}),
      },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#closing.signal]),
    });
    // Nothing of the answer counts, least of all where it redirects to.
    response.body.on('error', () => undefined).destroy();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the agent is closing'));
    await this.#agent.destroy();
  }
}
