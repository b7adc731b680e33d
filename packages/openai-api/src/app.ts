import { Hono } from 'hono';
import { type OpenAiSource, toModel } from './agents.ts';
import { answer } from './answering.ts';
import { chatRoute } from './chat.ts';
import { completionsRoute } from './completions.ts';
import { embeddingsRoute } from './embeddings.ts';
import { errorResponse, unknownModel } from './errors/api-error.ts';
import { responsesRoute } from './responses.ts';

/**
 * Serve agents by the OpenAI API: models, chat completions, responses, completions and embeddings below `/v1`. Callers are anonymous. The server
 * around it bounds the size and the rate of requests.
 *
 * @example
 * serve({ fetch: openAiApp({ agents: () => [{ name: 'echo', since: Date.now(), executor }] }).fetch });
 */
export function openAiApp(source: OpenAiSource): Hono {
  return new Hono({ strict: false })
    .get('/v1/models', (c) => c.json({ object: 'list', data: source.agents().map(toModel) }))
    .get('/v1/models/:id', (c) => {
      const id = c.req.param('id');
      const agent = source.agents().find(({ name }) => name === id);
      return agent ? c.json(toModel(agent)) : errorResponse(unknownModel(id));
    })
    .post('/v1/chat/completions', (c) => answer(c, source, chatRoute))
    .post('/v1/responses', (c) => answer(c, source, responsesRoute))
    .post('/v1/completions', (c) => answer(c, source, completionsRoute))
    .post('/v1/embeddings', (c) => answer(c, source, embeddingsRoute));
}
