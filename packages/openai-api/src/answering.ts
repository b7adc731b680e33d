import type { Context } from 'hono';
import type { OpenAiAgent, OpenAiSource } from './agents.ts';
import {
  type ApiError,
  apiErrorOf,
  errorBody,
  errorResponse,
  invalidRequest,
  unknownModel,
} from './errors/api-error.ts';
import { eventStream } from './response/event-stream.ts';
import type { Head } from './response/result.ts';

/** One answer of an agent, in one of two forms. */
export interface Answering {
  /** @throws what the agent throws */
  whole(): Promise<object>;
  /** @throws what the agent throws */
  chunks(): AsyncGenerator<object>;
}

/** A kind of request: how it is read, and how an agent is asked. */
export interface Route<T extends { model: string; stream?: boolean | null | undefined }> {
  /** What the ids of its answers begin with. */
  prefix: string;
  /** Events of a stream have names, and the last one ends it; else `[DONE]` does. */
  isNamed?: boolean;
  parse(json: unknown): { request: T } | { error: ApiError };
  /** What of a request this agent cannot do, or how it is asked. Nothing is done yet. */
  prepare(
    agent: OpenAiAgent,
    request: T,
  ): { error: ApiError } | { begin: (ids: { taskId: string }, head: Head, signal: AbortSignal) => Answering };
}

/** Answer a request by an agent. */
export async function answer<T extends { model: string; stream?: boolean | null | undefined }>(
  c: Context,
  source: OpenAiSource,
  { prefix, isNamed = false, parse, prepare }: Route<T>,
): Promise<Response> {
  const json = await readJson(c);
  if (json === undefined) return errorResponse(invalidRequest('the body is not JSON'));
  const parsed = parse(json);
  if ('error' in parsed) return errorResponse(parsed.error);
  const { model, stream } = parsed.request;
  const agent = source.agents().find(({ name }) => name === model);
  if (!agent) return errorResponse(unknownModel(model));
  const prepared = prepare(agent, parsed.request);
  if ('error' in prepared) return errorResponse(prepared.error);
  const leaving = new AbortController();
  const taskId = crypto.randomUUID();
  const head = { id: `${prefix}-${taskId}`, created: Math.floor(Date.now() / 1000), model };
  try {
    await agent.executor.admit?.(false);
    const answering = prepared.begin({ taskId }, head, AbortSignal.any([c.req.raw.signal, leaving.signal]));
    if (!stream) return c.json(await answering.whole());
    return await eventStream(answering.chunks(), {
      isNamed,
      toError: (error) => errorBody(apiErrorOf(error)),
      onLeave: () => leaving.abort(),
    });
  } catch (error) {
    return errorResponse(apiErrorOf(error));
  }
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
