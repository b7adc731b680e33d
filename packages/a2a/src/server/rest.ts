import {
  CancelTaskRequest,
  ListTaskPushNotificationConfigsResponse,
  type ListTasksRequest,
  ListTasksResponse,
  SendMessageRequest,
  SendMessageResponse,
  StreamResponse,
  Task,
  TaskPushNotificationConfig,
  taskStateFromJSON,
} from '@a2a-js/sdk';
import { RequestMalformedError } from '@a2a-js/sdk/errors';
import type { ServerCallContext } from '@a2a-js/sdk/server';
import { type Context, Hono } from 'hono';
import { readJson } from './body.ts';
import { type A2aBindings, callerOf, contextOf } from './context.ts';
import { eventStream, patientJson } from './event-stream.ts';
import { restError, restProblem } from './problems.ts';
import type { A2aService } from './service.ts';

type Env = { Bindings: A2aBindings };
type Call = (c: Context<Env>, context: ServerCallContext) => Promise<Response>;

const JSON_HEADERS = { 'content-type': 'application/a2a+json' };
const ok = (value: unknown, status = 200) => Response.json(value, { status, headers: JSON_HEADERS });

/** The HTTP+JSON binding (A2A 1.0, section 11). */
export function restRoutes(service: A2aService): Hono<Env> {
  const { handler } = service;
  const app = new Hono<Env>({ strict: false });
  const body = async (c: Context<Env>) => object(await readJson(c.req.raw, service.limits.maxRequestBytes));
  const call = (run: Call) => async (c: Context<Env>) => {
    try {
      return await run(c, contextOf(c.req.raw, callerOf(c.env), service.card));
    } catch (error) {
      return restProblem(error);
    }
  };
  const events = async (values: () => AsyncGenerator<StreamResponse>, drain: boolean, c: Context<Env>) => {
    const onEnd = service.stream(callerOf(c.env));
    return await eventStream(values(), {
      toText: (value) => StreamResponse.toJSON(value),
      toError: (error) => restError(error).body,
      maxBehindBytes: service.limits.maxBehindBytes,
      drain,
      onEnd,
      closing: service.closing.signal,
    });
  };

  app.post(
    '/message:send',
    call(async (c, context) => {
      const params = SendMessageRequest.fromJSON(await body(c));
      const answer = handler.sendMessage(params, context).then(
        (value) =>
          ok(
            SendMessageResponse.toJSON({
              payload: 'messageId' in value ? { $case: 'message', value } : { $case: 'task', value },
            }),
          ),
        restProblem,
      );
      return await patientJson(answer, JSON_HEADERS);
    }),
  );
  app.post(
    '/message:stream',
    call(async (c, context) => {
      const params = SendMessageRequest.fromJSON(await body(c));
      return await events(() => handler.sendMessageStream(params, context), true, c);
    }),
  );
  app.get(
    '/tasks',
    call(async (c, context) => {
      const { includeArtifacts, ...rest } = listRequest(c.req.query());
      const response = await handler.listTasks({ ...rest, includeArtifacts }, context);
      return ok(listJson(response, includeArtifacts));
    }),
  );
  // One route: Hono's `:id` also takes what follows a colon in it.
  app.all(
    '/tasks/:id',
    call(async (c, context) => {
      const [id, action] = cut(c.req.param('id')!);
      const { method } = c.req;
      if (action === 'cancel' && method === 'POST') {
        return ok(Task.toJSON(await handler.cancelTask(CancelTaskRequest.fromJSON({ id }), context)));
      }
      if (action === 'subscribe' && (method === 'POST' || method === 'GET')) {
        return await events(() => handler.resubscribe({ id, tenant: '' }, context), false, c);
      }
      if (action !== null || method !== 'GET') return restNotFound();
      const length = c.req.query('historyLength');
      const historyLength =
        length === undefined ? {} : { historyLength: wholeNumber('historyLength', length) };
      return ok(Task.toJSON(await handler.getTask({ id, tenant: '', ...historyLength }, context)));
    }),
  );
  const push = '/tasks/:id/pushNotificationConfigs';
  app.post(
    push,
    call(async (c, context) => {
      const params = TaskPushNotificationConfig.fromJSON({
        ...(await body(c)),
        taskId: c.req.param('id'),
        tenant: '',
      });
      const created = await handler.createTaskPushNotificationConfig(params, context);
      return ok(TaskPushNotificationConfig.toJSON(created), 201);
    }),
  );
  app.get(
    push,
    call(async (c, context) => {
      const params = { taskId: c.req.param('id')!, pageSize: 0, pageToken: '', tenant: '' };
      const listed = await handler.listTaskPushNotificationConfigs(params, context);
      return ok(ListTaskPushNotificationConfigsResponse.toJSON(listed));
    }),
  );
  app.get(
    `${push}/:config`,
    call(async (c, context) => {
      const params = { taskId: c.req.param('id')!, id: c.req.param('config')!, tenant: '' };
      return ok(
        TaskPushNotificationConfig.toJSON(await handler.getTaskPushNotificationConfig(params, context)),
      );
    }),
  );
  app.delete(
    `${push}/:config`,
    call(async (c, context) => {
      const params = { taskId: c.req.param('id')!, id: c.req.param('config')!, tenant: '' };
      await handler.deleteTaskPushNotificationConfig(params, context);
      return new Response(null, { status: 204 });
    }),
  );
  app.get(
    '/extendedAgentCard',
    call(async (_, context) => ok(await handler.getAuthenticatedExtendedAgentCard({ tenant: '' }, context))),
  );
  app.notFound(restNotFound);
  return app;
}

function restNotFound(): Response {
  return ok(
    { error: { code: 404, status: 'NOT_FOUND', message: 'there is no such operation', details: [] } },
    404,
  );
}

/** `<task id>:<action>`: the action follows the last colon. */
function cut(text: string): [id: string, action: string | null] {
  const at = text.lastIndexOf(':');
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

function object(json: unknown): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw new RequestMalformedError('the body is a JSON object');
}

function listRequest(query: Record<string, string>): ListTasksRequest {
  const state = query.status
    ? taskStateFromJSON(/^\d+$/.test(query.status) ? Number(query.status) : query.status)
    : 0;
  if (state === -1) throw new RequestMalformedError(`there is no state '${query.status!.slice(0, 50)}'`);
  return {
    tenant: '',
    contextId: query.contextId ?? '',
    status: state,
    pageToken: query.pageToken ?? '',
    statusTimestampAfter: query.statusTimestampAfter || undefined,
    includeArtifacts: query.includeArtifacts === 'true',
    ...(query.pageSize ? { pageSize: wholeNumber('pageSize', query.pageSize) } : {}),
    ...(query.historyLength ? { historyLength: wholeNumber('historyLength', query.historyLength) } : {}),
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RequestMalformedError(`${name} is a whole number`);
  return Number(text);
}

/** Lists are written in full, also where they are empty (A2A 1.0, section 3.1.4). */
function listJson(response: ListTasksResponse, includeArtifacts: boolean | undefined): unknown {
  const { tasks = [], ...rest } = ListTasksResponse.toJSON(response) as { tasks?: Record<string, unknown>[] };
  return {
    tasks: includeArtifacts ? tasks.map((task) => ({ artifacts: [], ...task })) : tasks,
    nextPageToken: '',
    pageSize: 0,
    totalSize: 0,
    ...rest,
  };
}
