import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallEvent, connectAgent } from '@chorus/a2a';
import type { AnyEvent } from '@chorus/node';
import { hasCode } from '@chorus/protocol';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { vectorModel } from '../../../inference/src/testing/models.ts';
import { loadAgent } from '../open/load-agent.ts';
import { openDocuments } from '../open/open-resources.ts';
import { type AgentsNode, chatFile, startAgentsNode } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());

let folder: string;
let node: AgentsNode;
let events: AnyEvent[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-agents-documents-'));
  await mkdir(join(folder, 'papers'));
  await writeFile(join(folder, 'papers', 'hours.md'), '# Prices\nAdults pay 12 crowns.');
  await writeFile(join(folder, 'papers', 'broken.pdf'), 'no pdf');
  events = [];
  node = await startAgentsNode(folder, new MemoryHub(), { gateway: { enabled: true, port: 0 } }, (event) =>
    events.push(event),
  );
});
afterEach(async () => {
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

/** The mock repeats what it is shown, so each number in the prompt is one that it cites. */
async function serve(more = 'knowledge: [ ./papers ]\n') {
  const file = await chatFile(folder, endpoint.url, 'Guide', { more });
  return (await node.services.agents.startAgent({ file })).urls.http!;
}
const QUESTION = 'How much do adults pay?';
const CITED = { number: 1, source: 'papers/hours.md', place: 'Prices', quote: 'Adults pay 12 crowns.' };
const ask = async (url: string): Promise<CallEvent[]> => {
  const agent = await connectAgent(url, { allowPrivate: true });
  return collect(agent.call({ from: 'caller', text: QUESTION, files: [], data: [] }));
};

describe('a served agent with documents', () => {
  it('its card names the extension, and the answer of A2A carries what it cites', async () => {
    const url = await serve();
    const card = (await (await fetch(new URL('.well-known/agent-card.json', url))).json()) as {
      capabilities: { extensions: { uri: string }[] };
    };
    expect(card.capabilities.extensions.map(({ uri }) => uri)).toEqual(['urn:chorus:a2a:citations:v1']);
    const told = await ask(url);
    const text = told.map((event) => (event.type === 'text' ? event.text : '')).join('');
    const [citation] = told.flatMap((event) => (event.type === 'citations' ? event.citations : []));
    expect(citation).toMatchObject(CITED);
    expect(text.slice(citation!.start, citation!.end)).toBe('[1]');
  });

  it('its passages are found by their meaning with a model on this machine, which ends with it', async () => {
    const { model, tokenizer } = vectorModel();
    await writeFile(join(folder, 'vectors.onnx'), model);
    await writeFile(join(folder, 'tokenizer.json'), tokenizer);
    await writeFile(join(folder, 'papers', 'boats.md'), '# Harbour\nA boat.');
    await writeFile(join(folder, 'papers', 'snails.md'), '# Garden\nA snail.');
    const embed = '{ onnx: { file: ./vectors.onnx, tokenizer: ./tokenizer.json } }';
    const file = await chatFile(folder, endpoint.url, 'Guide', {
      more: `knowledge: { files: [ ./papers ], embed: ${embed} }\n`,
    });
    const errors: unknown[] = [];
    const knowledge = await openDocuments(loadAgent(file), {
      state: join(folder, 'state'),
      signal: new AbortController().signal,
      onError: (error) => errors.push(error),
    });
    await knowledge!.embedded;
    // No word of the question is in the passage.
    const [found] = await knowledge!.search('ferry', 1, new AbortController().signal);
    expect(found).toMatchObject({ source: 'papers/boats.md' });
    await knowledge!.close();
    expect(errors).toEqual([]);
  });

  it('a client of the OpenAI API gets annotations', async () => {
    const url = await serve();
    const response = await fetch(new URL('/v1/chat/completions', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'guide', messages: [{ role: 'user', content: QUESTION }] }),
    });
    const { choices } = (await response.json()) as { choices: { message: Record<string, unknown> }[] };
    expect(choices[0]!.message).toMatchObject({
      annotations: [
        { type: 'url_citation', url_citation: { url: 'papers/hours.md', title: 'papers/hours.md, Prices' } },
      ],
      chorus: { citations: [CITED] },
    });
  });

  it('a client of MCP gets them as text, and as structured content', async () => {
    const url = await serve();
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(new URL('mcp', url)));
    const { content, structuredContent } = await client.callTool({
      name: 'ask',
      arguments: { message: QUESTION },
    });
    await client.close();
    expect(content.at(-1)).toEqual({
      type: 'text',
      text: 'Sources:\n[1] papers/hours.md, "Prices": "Adults pay 12 crowns."',
    });
    expect(structuredContent).toMatchObject({ citations: [CITED] });
  });

  it('a document that cannot be read is reported to the owner, and to no caller', async () => {
    const told = JSON.stringify(await ask(await serve()));
    expect(events.filter(({ type }) => type === 'agents.document')).toMatchObject([
      { agent: 'guide', source: 'papers/broken.pdf' },
    ]);
    expect(told).not.toContain('broken');
  });

  it('an agent without documents says nothing of them', async () => {
    const told = await ask(await serve(''));
    expect(told.some(({ type }) => type === 'citations')).toBe(false);
  });

  it('an agent whose documents are not there is not started', async () => {
    await expect(serve('knowledge: [ ./dcos ]\n')).rejects.toSatisfy((error) =>
      hasCode(error, 'E_DOCUMENT_FILES'),
    );
  });
});
