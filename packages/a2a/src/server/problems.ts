import { RequestMalformedError, restStatusFor, toJsonRpcError, toRestErrorBody } from '@a2a-js/sdk/errors';
import { ChorusError, errorClass } from '@chorus/protocol';

/** JSON-RPC's range for errors of an implementation; A2A uses -32001 and below (A2A 1.0, section 5.4). */
const SERVER_ERROR = -32_000;
const PARSE_ERROR = -32_700;

type Id = string | number | null;

/** The id of a JSON-RPC request, if it has a usable one. */
export function idOf(json: unknown): Id {
  const id = (json as { id?: unknown } | null)?.id;
  return typeof id === 'string' || Number.isInteger(id) ? (id as Id) : null;
}

export function rpcError(error: unknown, id: Id): { jsonrpc: '2.0'; id: Id; error: unknown } {
  return { jsonrpc: '2.0', id, error: rpcErrorObject(error) };
}

function rpcErrorObject(error: unknown): unknown {
  if (error instanceof SyntaxError || error instanceof TypeError) {
    return { code: PARSE_ERROR, message: 'the body is not JSON in UTF-8' };
  }
  if (error instanceof ChorusError) {
    return { code: SERVER_ERROR, message: `${error.message} (${error.code})` };
  }
  return toJsonRpcError(withoutInnards(error));
}

/** A JSON-RPC error response. Errors that A2A defines have status 200; refusals of the server have their own. */
export function rpcProblem(error: unknown, id: Id): Response {
  return Response.json(rpcError(error, id), {
    status: error instanceof ChorusError ? statusOf(error) : 200,
    headers: retryAfter(error),
  });
}

/** The same of the HTTP+JSON binding (A2A 1.0, section 11.6). */
export function restProblem(error: unknown): Response {
  const { status, body } = restError(error);
  return Response.json(body, { status, headers: retryAfter(error) });
}

export function restError(error: unknown): { status: number; body: unknown } {
  if (error instanceof ChorusError) {
    const status = statusOf(error);
    const message = `${error.message} (${error.code})`;
    const name = status === 429 ? 'RESOURCE_EXHAUSTED' : status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL';
    return { status, body: { error: { code: status, status: name, message, details: [] } } };
  }
  const known =
    error instanceof SyntaxError || error instanceof TypeError
      ? new RequestMalformedError('the body is not JSON in UTF-8')
      : withoutInnards(error);
  const status = restStatusFor(known);
  return { status, body: toRestErrorBody(known, status) };
}

function statusOf(error: ChorusError): number {
  return errorClass(error.code).status ?? 500;
}

function retryAfter(error: unknown): Record<string, string> {
  return error instanceof ChorusError && error.code === 'E_A2A_BUSY' ? { 'retry-after': '5' } : {};
}

/** Errors of A2A are meant for callers; what a library or the system says is not. */
function withoutInnards(error: unknown): unknown {
  const reason = (error as { reason?: unknown } | null)?.reason;
  return typeof reason === 'string' && reason !== 'INTERNAL_ERROR' ? error : new Error('the agent failed');
}
