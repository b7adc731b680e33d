import type { AskedEvent } from '@chorus/admin-api';
import { signal } from '@preact/signals';
import type { Api } from '../api/api.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import { messagesOf } from '../api/messages.ts';
import { type Attachment, base64Of } from './attachment.ts';
import { answerAfter, BEGUN, type Exchange } from './exchange.ts';

/** A conversation with one agent. It goes on while other pages are shown, and ends with this one. */
export class Chat {
  readonly exchanges = signal<readonly Exchange[]>([]);
  /** Ends the answer that is being read; null if none is. */
  readonly running = signal<AbortController | null>(null);
  /** Where the agent is called: its number, or its address. */
  readonly #agent: string;

  constructor(agent: string) {
    this.#agent = agent;
  }

  /**
   * Ask, and read the answer to its end.
   * @param files that go with it
   * @param pay the sum that the user has agreed to; null: nothing is paid
   */
  async ask(api: Api, text: string, files: readonly Attachment[], pay: string | null): Promise<void> {
    // Repeated after a failure, a question keeps its id: what was paid for is not paid twice.
    const last = this.exchanges.value.at(-1);
    const isSame =
      last?.question === text &&
      last.files.length === files.length &&
      last.files.every((file, i) => file === files[i]);
    const again = last?.answer.end?.type === 'problem' && isSame ? last : null;
    const request = again?.request ?? crypto.randomUUID();
    const before = again ? this.exchanges.value.slice(0, -1) : this.exchanges.value;
    const { contextId, taskId, end } = before.at(-1)?.answer ?? BEGUN;
    const at = {
      ...(contextId === null ? {} : { context: contextId }),
      ...(taskId !== null && end?.type === 'input-required' ? { task: taskId } : {}),
    };
    const paying = pay === null ? {} : { pay, approved: true };
    const leaving = new AbortController();
    this.running.value = leaving;
    let exchange: Exchange = { question: text, files, request, paid: pay, answer: BEGUN };
    const show = (event: AskedEvent) => {
      exchange = { ...exchange, answer: answerAfter(exchange.answer, event) };
      this.exchanges.value = [...before, exchange];
    };
    this.exchanges.value = [...before, exchange];
    try {
      const sent = files.map(({ bytes, ...file }) => ({ ...file, data: base64Of(bytes) }));
      const question = { agent: this.#agent, text, files: sent, request, ...at, ...paying };
      const response = await api.ask(question, leaving.signal);
      for await (const { data } of messagesOf(response)) show(JSON.parse(data) as AskedEvent);
      if (exchange.answer.end === null) show(problem('E_ADMIN_UNREACHABLE', 'the answer broke off'));
    } catch (error) {
      show(leaving.signal.aborted ? { type: 'cancelled' } : failed(toFailure(error)));
    } finally {
      this.running.value = null;
    }
  }

  cancel(): void {
    this.running.value?.abort();
  }
}

const problem = (code: string, message: string, hint: string | null = null): AskedEvent => ({
  type: 'problem',
  code,
  message,
  hint,
});
const failed = ({ code, message, hint }: Failure) => problem(code, message, hint);

const chats = new Map<string, Chat>();

/** The conversation with an agent of this page. */
export function chatWith(agent: string): Chat {
  const known = chats.get(agent) ?? new Chat(agent);
  chats.set(agent, known);
  return known;
}
