/** An OpenAI-compatible server for tests, whose answers the test gives. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelServer {
  /** Base address, with /v1. */
  url: string;
  /** The last message of each request so far. */
  asked: string[];
  /** What it answers to a message; a promise that never resolves is a model that hangs. */
  answer: (asked: string) => string | Promise<string>;
  close(): Promise<void>;
}

export async function modelServer(): Promise<ModelServer> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { messages } = JSON.parse(body) as { messages: { content: string | { text: string }[] }[] };
    const { content } = messages.at(-1)!;
    const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
    model.asked.push(text);
    const answer = await model.answer(text);
    const chunk = (delta: object, end: string | null) =>
      `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: end }] })}\n\n`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(
      `${chunk({ role: 'assistant', content: answer }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const model: ModelServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: [],
    answer: () => 'done',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return model;
}
