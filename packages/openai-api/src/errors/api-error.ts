import { ChorusError, httpStatusOf } from '@chorus/protocol';

/** An error as the OpenAI API reports it. */
export interface ApiError {
  status: number;
  message: string;
  type: 'invalid_request_error' | 'rate_limit_error' | 'server_error';
  /** The parameter at fault. */
  param: string | null;
  code: string | null;
}

/** Seconds after which a caller may ask a busy agent again. */
const RETRY_SECONDS = 5;

/** What the agent does not do; nothing was done. */
export class AgentRejection extends Error {
  override readonly name = 'AgentRejection';
}

export function invalidRequest(message: string, param: string | null = null): ApiError {
  return { status: 400, message, type: 'invalid_request_error', param, code: null };
}

export function unknownModel(name: string): ApiError {
  const message = `no agent with the name "${name}" can be called here; GET /v1/models lists those that can`;
  return { ...invalidRequest(message, 'model'), status: 404, code: 'model_not_found' };
}

/** Why an agent did not answer. The words of errors that are not ChorusErrors are hidden from the caller. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof AgentRejection) return { ...invalidRequest(error.message), code: 'rejected' };
  if (!(error instanceof ChorusError)) {
    return { status: 500, message: 'the agent failed', type: 'server_error', param: null, code: null };
  }
  const status = httpStatusOf(error);
  const message = error.hint ? `${error.message}: ${error.hint}` : error.message;
  return { status, message, type: typeOf(status), param: null, code: error.code };
}

/** The error's response; that of a stream that has begun is an event instead. */
export function errorResponse(error: ApiError): Response {
  const headers = error.status === 429 ? { 'retry-after': String(RETRY_SECONDS) } : undefined;
  return Response.json(errorBody(error), { status: error.status, ...(headers && { headers }) });
}

export function errorBody({ message, type, param, code }: ApiError): object {
  return { error: { message, type, param, code } };
}

function typeOf(status: number): ApiError['type'] {
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}
