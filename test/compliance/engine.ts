import { type Engine, type EngineEvent, type EngineMessage, hasCode } from '@chorus/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { collect } from '../collect.ts';

export interface EngineCase {
  engine: Engine;
  /** Two messages that it reads, and what it answers to each. */
  questions: [text: string, answer: string][];
  /** A message that it cannot read. */
  unreadable: Partial<EngineMessage>;
  close(): Promise<void>;
}

export const user = (message: Partial<EngineMessage>): EngineMessage => ({
  role: 'user',
  text: '',
  files: [],
  data: [],
  ...message,
});

const never = new AbortController().signal;

/** Behaviour of every implementation of the engine port. Answers must not depend on chance. */
export function describeEngine(name: string, factory: () => Promise<EngineCase>): void {
  describe(`engine port: ${name}`, () => {
    let opened: EngineCase | undefined;
    const open = async () => {
      opened = await factory();
      return opened;
    };
    afterEach(async () => {
      await opened?.engine.close();
      await opened?.close();
      opened = undefined;
    });

    const ask = (engine: Engine, message: EngineMessage, signal = never) =>
      collect(engine.run({ messages: [message], maxOutputTokens: 100 }, signal));

    test('an answer is text that ends with one event finished', async () => {
      const { engine, questions } = await open();
      for (const [text, answer] of questions) {
        const events = await ask(engine, user({ text }));
        expect(textOf(events)).toBe(answer);
        expect(events.filter(({ type }) => type === 'finished')).toHaveLength(1);
        expect(events.at(-1)).toMatchObject({ type: 'finished', reason: expect.any(String) });
      }
    });

    test('answers that are computed at once do not mix', async () => {
      const { engine, questions } = await open();
      const asked = [...questions, ...questions, ...questions];
      const answers = await Promise.all(asked.map(([text]) => ask(engine, user({ text }))));
      expect(answers.map(textOf)).toEqual(asked.map(([, answer]) => answer));
    });

    test('an engine keeps nothing of an earlier request', async () => {
      const { engine, questions } = await open();
      const [[first, answer], [second]] = questions as [[string, string], [string, string]];
      await ask(engine, user({ text: second }));
      expect(textOf(await ask(engine, user({ text: first })))).toBe(answer);
    });

    test('a message that the model cannot read is refused before any event', async () => {
      const { engine, unreadable } = await open();
      const iterator = engine
        .run({ messages: [user(unreadable)], maxOutputTokens: 100 }, never)
        [Symbol.asyncIterator]();
      await expect(iterator.next()).rejects.toSatisfy((error) => hasCode(error, 'E_AGENT_INPUT'));
    });

    test('a request that was aborted before throws the reason of its signal', async () => {
      const { engine, questions } = await open();
      const reason = new Error('no longer wanted');
      await expect(ask(engine, user({ text: questions[0]![0] }), AbortSignal.abort(reason))).rejects.toBe(
        reason,
      );
    });

    test('a request that is aborted at its beginning throws the reason, and the next one is answered', async () => {
      const { engine, questions } = await open();
      const [[text, answer]] = questions as [[string, string]];
      const abort = new AbortController();
      const reason = new Error('enough');
      const asked = ask(engine, user({ text }), abort.signal);
      abort.abort(reason);
      await expect(asked).rejects.toBe(reason);
      expect(textOf(await ask(engine, user({ text })))).toBe(answer);
    });

    test('a caller may leave in the middle of an answer', async () => {
      const { engine, questions } = await open();
      const [[text, answer]] = questions as [[string, string]];
      for await (const event of engine.run({ messages: [user({ text })], maxOutputTokens: 100 }, never)) {
        expect(event).toBeDefined();
        break;
      }
      expect(textOf(await ask(engine, user({ text })))).toBe(answer);
    });

    test('a closed engine answers nothing, and closes again', async () => {
      const { engine, questions } = await open();
      await engine.close();
      await engine.close();
      await expect(ask(engine, user({ text: questions[0]![0] }))).rejects.toThrow();
    });

    test('the facts of an engine say what it reads and writes', async () => {
      const { facts } = (await open()).engine;
      expect(facts.inputModes.length).toBeGreaterThan(0);
      expect(facts.outputModes).toContain('text/plain');
      expect(facts.bytesPerToken ?? 1).toBeGreaterThan(0);
      expect(facts.model).not.toBe('');
    });
  });
}

export const textOf = (events: readonly EngineEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');
