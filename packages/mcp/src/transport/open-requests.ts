import type { JSONRPCMessage } from '@modelcontextprotocol/server';

/** A subscription is open for as long as its connection: no answer ends it. */
const SUBSCRIBE = 'subscriptions/listen';

/** The requests of a connection that are not answered yet. */
export class OpenRequests {
  readonly #ids = new Set<string | number>();
  #change = Promise.withResolvers<void>();

  received(message: JSONRPCMessage): void {
    if (!('method' in message)) return;
    if ('id' in message && message.id !== undefined) {
      if (message.method !== SUBSCRIBE) this.#ids.add(message.id);
    } else if (message.method === 'notifications/cancelled') {
      // A cancelled request gets no answer.
      this.#close(message.params?.requestId);
    }
  }

  sent(message: JSONRPCMessage): void {
    if ('id' in message && !('method' in message)) this.#close(message.id);
  }

  /** Resolves once every request is answered or cancelled. */
  async answered(): Promise<void> {
    while (this.#ids.size > 0) await this.#change.promise;
  }

  #close(id: unknown): void {
    if (!this.#ids.delete(id as string | number)) return;
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}
