import { ChorusError, type EmbeddingEvent, type EmbeddingRequest } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import type { OpenAiAgent } from './agents.ts';
import { post, saying } from './testing/fake-agents.ts';

/** An agent whose vectors say which text they are of. */
function embedder(error?: unknown) {
  const asked: EmbeddingRequest[] = [];
  const { executor, ...agent } = saying('vectors', []);
  const embed = async function* (request: EmbeddingRequest): AsyncGenerator<EmbeddingEvent> {
    asked.push(request);
    for (const [i] of request.inputs.entries()) yield { type: 'vectors', vectors: [Float32Array.of(i, 0.5)] };
    if (error) throw error;
    yield { type: 'completed', usage: { inputTokens: 7, outputTokens: 0 } };
  };
  return { ...agent, executor: { ...executor, embed }, asked };
}

const ask = (agent: OpenAiAgent, body: object) => post('/v1/embeddings', agent, body);

describe('vectors of texts', () => {
  it.each<[string, unknown, object[]]>([
    ['a text', 'one', [{ text: 'one' }]],
    ['texts', ['one', 'two'], [{ text: 'one' }, { text: 'two' }]],
    ['tokens', [1, 2], [{ tokens: [1, 2] }]],
    ['lists of tokens', [[1], [2]], [{ tokens: [1] }, { tokens: [2] }]],
  ])('of %s come in order, with the tokens', async (_, input, inputs) => {
    const agent = embedder();
    const answer = await (await ask(agent, { input })).json();
    expect(answer).toEqual({
      object: 'list',
      model: 'vectors',
      data: inputs.map((__, index) => ({ object: 'embedding', index, embedding: [index, 0.5] })),
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
    expect(agent.asked).toEqual([{ inputs, caller: 'anonymous' }]);
  });

  it('in base64 are float32, the lowest byte first', async () => {
    const answer = await (await ask(embedder(), { input: ['a', 'b'], encoding_format: 'base64' })).json();
    const { data } = answer as { data: { embedding: string }[] };
    expect(data.map(({ embedding }) => embedding)).toEqual(['AAAAAAAAAD8=', 'AACAPwAAAD8=']);
  });

  it('an agent that makes none says so', async () => {
    const response = await ask(saying('guide', []), { input: 'one' });
    expect([response.status, ((await response.json()) as { error: object }).error]).toMatchObject([
      400,
      { param: 'model', code: 'model_not_supported' },
    ]);
  });

  it('a failure after the first vectors is an error, and no shorter list', async () => {
    const error = new ChorusError('E_AGENT_CONTEXT', 'too long');
    expect((await ask(embedder(error), { input: ['a', 'b'] })).status).toBe(413);
  });

  it.each<[string, object, string]>([
    ['no text', {}, 'input'],
    ['an empty text', { input: ['a', ''] }, 'input[1]'],
    ['texts without end', { input: Array(3_000).fill('a') }, 'input'],
    ['a form that is not known', { input: 'a', encoding_format: 'int8' }, 'encoding_format'],
    ['shorter vectors', { input: 'a', dimensions: 2 }, 'dimensions'],
  ])('%s is refused, with the parameter at fault', async (_, body, param) => {
    const agent = embedder();
    const response = await ask(agent, body);
    const { error } = (await response.json()) as { error: { param: string } };
    expect([response.status, error.param]).toEqual([400, param]);
    expect(agent.asked).toEqual([]);
  });
});
