import type { AgentExecutor, AgentRequest } from '@chorus/protocol';

/** An agent for tests, which does what its message says, and what it has seen. */
export function obedientAgent() {
  const seen: AgentRequest[] = [];
  const state = { seen, aborted: 0 };
  const executor: AgentExecutor = {
    async *execute(request, signal) {
      state.seen.push(request);
      const { text, files } = request.message;
      if (text === 'hang') {
        yield { type: 'text', text: 'one moment' };
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        state.aborted++;
        return;
      }
      if (text === 'fail') throw new Error('internal detail');
      if (text === 'reject') return yield { type: 'rejected', reason: 'not \u001b[8mthis' };
      if (text === 'ask') return yield { type: 'input-required', question: 'which one?' };
      if (text === 'data') {
        yield { type: 'data', name: 'label', value: { label: 'dog' } };
        yield { type: 'file', file: { name: 'a.png', mediaType: 'image/png', bytes: new Uint8Array(3) } };
      } else {
        const names = files.map(({ name, mediaType }) => ` ${name}:${mediaType}`).join('');
        yield { type: 'text', text: `you said \u001b[31m${text}${names}` };
      }
      yield { type: 'completed', usage: { inputTokens: 1, outputTokens: 2 } };
    },
    close: async () => undefined,
  };
  return { executor, state };
}
