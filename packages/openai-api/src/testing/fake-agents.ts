import type { AgentEvent, AgentExecutor, AgentRequest } from '@chorus/protocol';
import type { OpenAiAgent } from '../agents.ts';
import { openAiApp } from '../app.ts';

export const completed: AgentEvent = { type: 'completed', usage: { inputTokens: 7, outputTokens: 3 } };
export const text = (words: string): AgentEvent => ({ type: 'text', text: words });

/** Ask an agent at a path of the API. */
export const post = async (path: string, agent: OpenAiAgent, body: object): Promise<Response> =>
  openAiApp({ agents: () => [agent] }).request(path, {
    method: 'POST',
    body: JSON.stringify({ model: agent.name, ...body }),
  });

/** An agent that does what `execute` does, and keeps what it was asked. */
export function fakeAgent(
  name: string,
  execute: AgentExecutor['execute'],
): OpenAiAgent & { asked: AgentRequest[] } {
  const asked: AgentRequest[] = [];
  const executor: AgentExecutor = {
    execute: (request, signal) => {
      asked.push(request);
      return execute(request, signal);
    },
    close: async () => {},
  };
  return { name, since: 1_700_000_000_000, executor, asked };
}

/** An agent that answers with these events, and throws after them what there is to throw. */
export const saying = (name: string, events: readonly AgentEvent[], error?: unknown) =>
  fakeAgent(name, async function* () {
    yield* events;
    if (error) throw error;
  });

/** Says one word and waits until it is aborted; `aborted` resolves then. */
export function waiting(name: string, events: readonly AgentEvent[] = [text('one moment')]) {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  const agent = fakeAgent(name, async function* (_, signal) {
    begin();
    yield* events;
    await new Promise<void>((_, reject) => {
      const end = () => {
        resolve();
        reject(signal.reason as Error);
      };
      if (signal.aborted) end();
      signal.addEventListener('abort', end);
    });
  });
  return { agent, began, aborted };
}
