import { type Context, Hono } from 'hono';
import { type OpenAiSource, toModel } from './agents.ts';
import { apiErrorOf, errorBody, errorResponse, invalidRequest, unknownModel } from './errors/api-error.ts';
import { parseChatRequest } from './request/chat-request.ts';
import { toConversation } from './request/conversation.ts';
import { wishesOf } from './request/wishes.ts';
import { toChunks } from './response/chunks.ts';
import { toCompletion } from './response/completion.ts';
import { eventStream } from './response/event-stream.ts';

/**
 * Serve agents by the OpenAI API: models and chat completions below `/v1`. Callers are anonymous. The server around it
 * bounds the size and the rate of requests.
 *
 * @example
 * serve({ fetch: openAiApp({ agents: () => [{ name: 'echo', since: Date.now(), executor }] }).fetch });
 */
export function openAiApp(source: OpenAiSource): Hono {
  const find = (name: string) => source.agents().find((agent) => agent.name === name);
  return new Hono({ strict: false })
    .get('/v1/models', (c) => c.json({ object: 'list', data: source.agents().map(toModel) }))
    .get('/v1/models/:id', (c) => {
      const agent = find(c.req.param('id'));
      return agent ? c.json(toModel(agent)) : errorResponse(unknownModel(c.req.param('id')));
    })
    .post('/v1/chat/completions', async (c) => {
      const json = await readJson(c);
      if (json === undefined) return errorResponse(invalidRequest('the body is not JSON'));
      const parsed = parseChatRequest(json);
      if ('error' in parsed) return errorResponse(parsed.error);
      const { model, messages, stream, stream_options } = parsed.request;
      const agent = find(model);
      if (!agent) return errorResponse(unknownModel(model));
      const wishes = wishesOf(parsed.request, agent.executor.followsWishes ?? false);
      if ('error' in wishes) return errorResponse(wishes.error);
      const leaving = new AbortController();
      const ids = { taskId: crypto.randomUUID(), contextId: crypto.randomUUID() };
      const head = { id: `chatcmpl-${ids.taskId}`, created: Math.floor(Date.now() / 1000), model };
      try {
        await agent.executor.admit?.(false);
        const events = agent.executor.execute(
          { ...ids, ...toConversation(messages), ...wishes, caller: 'anonymous' },
          AbortSignal.any([c.req.raw.signal, leaving.signal]),
        );
        if (!stream) return c.json(await toCompletion(head, events));
        return await eventStream(toChunks(head, events, stream_options?.include_usage ?? false), {
          toError: (error) => errorBody(apiErrorOf(error)),
          onLeave: () => leaving.abort(),
        });
      } catch (error) {
        return errorResponse(apiErrorOf(error));
      }
    });
}

/** A request's JSON; undefined if it is not JSON. What a server's limit throws while the body is read is not caught. */
async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
