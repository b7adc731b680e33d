import { A2A_ERROR_CODE } from '@a2a-js/sdk/errors';
import { readJson } from './body.ts';
import { type A2aBindings, callerOf, contextOf } from './context.ts';
import { eventStream, patientJson } from './event-stream.ts';
import { REFUSAL } from './handler.ts';
import { idOf, rpcError, rpcProblem } from './problems.ts';
import type { A2aService } from './service.ts';

const STREAMING = new Set(['SendStreamingMessage', 'SubscribeToTask']);

/** One call of the JSON-RPC binding (A2A 1.0, section 9). */
export async function answerRpc(
  service: A2aService,
  request: Request,
  bindings: A2aBindings,
): Promise<Response> {
  let id: string | number | null = null;
  try {
    const json = withoutTenant(await readJson(request, service.limits.maxRequestBytes));
    id = idOf(json);
    const caller = callerOf(bindings);
    const context = contextOf(request, caller, service.card);
    const method = (json as { method?: unknown } | null)?.method;
    const onEnd = STREAMING.has(method as string) ? service.stream(caller) : null;
    const answer = service.rpc.handle(json as Record<string, unknown>, context).catch((error: unknown) => {
      onEnd?.();
      throw error;
    });
    if (!onEnd) {
      const response = answer.then(
        (result) => {
          const refusal = context.state.get(REFUSAL);
          return refusal === undefined ? Response.json(withoutInnards(result)) : rpcProblem(refusal, id);
        },
        (error: unknown) => rpcProblem(error, id),
      );
      return await patientJson(response, { 'content-type': 'application/json' });
    }
    const result = await answer;
    if (!(Symbol.asyncIterator in result)) {
      onEnd();
      return Response.json(withoutInnards(result));
    }
    return await eventStream(result, {
      toText: (value) => value,
      toError: (error) => rpcError(error, id),
      maxBehindBytes: service.limits.maxBehindBytes,
      drain: method === 'SendStreamingMessage',
      onEnd,
      closing: service.closing.signal,
    });
  } catch (error) {
    return rpcProblem(error, id);
  }
}

/** Agents here have no tenants: what a caller writes there must not divide its own tasks. */
function withoutTenant(json: unknown): unknown {
  const params = (json as { params?: unknown } | null)?.params;
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return json;
  const { tenant: _, ...rest } = params as { tenant?: unknown };
  return { ...(json as object), params: rest };
}

/** What a library or the system says of an internal error is not for strangers. */
function withoutInnards(answer: unknown): unknown {
  const { error } = answer as { error?: { code?: unknown } };
  if (error?.code !== A2A_ERROR_CODE.INTERNAL_ERROR) return answer;
  return { ...(answer as object), error: { code: error.code, message: 'the agent failed' } };
}
