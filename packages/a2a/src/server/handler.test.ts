import type { AgentEvent } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { buildCard } from '../card/build.ts';
import { signCard } from '../card/sign.ts';
import { a2aApp } from './app.ts';

const completed: AgentEvent = { type: 'completed', usage: { inputTokens: 1, outputTokens: 1 } };

it('of two answers to one question at the same time one is taken, however long it takes to admit it', async () => {
  let admitted = 0;
  const heard: string[] = [];
  const description = {
    name: 'a',
    description: 'b',
    version: '1',
    skills: [],
    inputModes: ['text/plain'],
    outputModes: ['text/plain'],
  };
  const card = await signCard(
    buildCard(description, { http: 'https://agent.example/' }),
    new Uint8Array(32).fill(1),
  );
  const app = a2aApp({
    card,
    executor: {
      // As a payment does, which takes a block of the chain.
      admit: async () => {
        admitted++;
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
      execute: async function* ({ message }) {
        heard.push(message.text);
        if (message.text === 'book') yield { type: 'input-required', question: 'For when?' };
        else yield completed;
      },
      close: async () => undefined,
    },
  });
  const send = async (text: string, taskId?: string) => {
    const message = { messageId: text, role: 'ROLE_USER', parts: [{ text }], ...(taskId ? { taskId } : {}) };
    const response = await app.fetch(
      new Request('https://agent.example/a2a', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } }),
      }),
    );
    return (await response.json()) as { result?: { task: { id: string } }; error?: { message: string } };
  };
  try {
    const { id } = (await send('book')).result!.task;
    const both = await Promise.all([send('noon', id), send('one', id)]);
    expect(both.map(({ error }) => error?.message)).toEqual([
      undefined,
      expect.stringMatching(/still works/),
    ]);
    expect({ heard, admitted }).toEqual({ heard: ['book', 'noon'], admitted: 2 });
  } finally {
    await app.close();
  }
});
