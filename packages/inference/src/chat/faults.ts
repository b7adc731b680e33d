import { ChorusError, type ErrorCode, reasonOf, withoutSecrets } from '@chorus/protocol';

/** Longest quoted words of an endpoint. */
const MAX_QUOTE = 200;

/** What the SDK's errors have, whatever their class; they are not compared by it, as it is loaded on first use. */
interface CallFault {
  statusCode?: number;
  responseBody?: string;
  message?: string;
  cause?: unknown;
}

/** Words in which servers say that a prompt does not fit. */
const TOO_LONG =
  /context.{0,40}(?:length|window|size)|(?:too long|too many tokens|maximum.{0,30}tokens|exceed.{0,40}context)/i;

/** Why an endpoint did not answer, without its address and without secrets. */
export function endpointFault(error: unknown, model: string): ChorusError {
  const known = causes(error).find((each) => each instanceof ChorusError);
  if (known) return known;
  const { statusCode, responseBody = '' } = (error ?? {}) as CallFault;
  // A stream that breaks has the status with which it began.
  const status = statusCode !== undefined && statusCode >= 400 ? statusCode : undefined;
  const said = saidBy(error);
  const fault = (code: ErrorCode, message: string, hint: string) =>
    new ChorusError(code, message, {
      facts: { ...(status === undefined ? {} : { status }), model, ...(said ? { said } : {}) },
      hint,
    });
  if (
    (status === 400 || status === 413 || status === undefined) &&
    TOO_LONG.test(`${responseBody} ${said}`)
  ) {
    return fault(
      'E_AGENT_CONTEXT',
      'the conversation is too long for the model',
      'shorten it, or begin a new one',
    );
  }
  switch (status) {
    case undefined:
      break;
    case 401:
    case 403:
      return fault(
        'E_ENGINE_UNAUTHORIZED',
        'the endpoint refuses the key',
        'check model.openai.key and its variable',
      );
    case 404:
      return fault(
        'E_ENGINE_MODEL',
        'the endpoint knows no such model or path',
        'check model.openai.name and url',
      );
    case 429:
      return fault('E_ENGINE_RATE', 'the endpoint accepts no more requests for now', 'try again later');
    default:
      if (status >= 500 || status === 408) {
        return fault(
          'E_ENGINE_UNAVAILABLE',
          'the endpoint has failed',
          'try again later, or check its server',
        );
      }
      return fault('E_ENGINE_RESPONSE', 'the endpoint refuses the request', 'check model.openai');
  }
  if (isNetworkFault(error)) {
    return fault(
      'E_ENGINE_UNAVAILABLE',
      'the endpoint does not answer',
      'check model.openai.url, and that its server runs',
    );
  }
  if (/ended (?:without|before)/.test(said)) {
    return fault(
      'E_ENGINE_RESPONSE',
      'the answer ended before it was complete',
      'try again, or check the server of the model',
    );
  }
  if (isMalformed(error)) {
    return fault(
      'E_ENGINE_RESPONSE',
      'the endpoint answers in a form that is not understood',
      'check model.openai.url',
    );
  }
  // An error inside the stream.
  return fault('E_ENGINE_UNAVAILABLE', 'the endpoint has failed', 'try again later, or check its server');
}

/** Errors of the SDK about what it read. */
function isMalformed(error: unknown): boolean {
  return causes(error).some(({ name }) =>
    /JSONParse|TypeValidation|InvalidResponse|EmptyResponse|SyntaxError/.test(name),
  );
}

function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let each = error; each instanceof Error && found.length < 16; each = each.cause) found.push(each);
  return found;
}

/** Errors of sockets and of Node's fetch, which have the code of the system or a cause that does. */
function isNetworkFault(error: unknown): boolean {
  return causes(error).some(({ message, ...rest }) => {
    const { code } = rest as { code?: unknown };
    return (
      (typeof code === 'string' && /^(?:E[A-Z]+|UND_ERR_|ERR_TLS|CERT_|DEPTH_|SELF_|UNABLE_)/.test(code)) ||
      /^(?:fetch failed|terminated|Cannot connect to API)/.test(message ?? '')
    );
  });
}

/** The endpoint's own words, or the reason of the system. */
function saidBy(error: unknown): string {
  const { responseBody } = (error ?? {}) as CallFault;
  let text = '';
  try {
    const body = JSON.parse(responseBody ?? '') as {
      error?: { message?: unknown } | string;
      message?: unknown;
    };
    const inner = typeof body.error === 'object' ? body.error?.message : (body.error ?? body.message);
    if (typeof inner === 'string') text = inner;
  } catch {
    text = responseBody ?? '';
  }
  if (text === '' && typeof error === 'object' && error !== null && !(error instanceof Error)) {
    const { message } = error as CallFault;
    text = typeof message === 'string' ? message : '';
  }
  if (text === '') text = reasonOf(causes(error).at(-1) ?? error);
  return withoutSecrets(reasonOf(text)).slice(0, MAX_QUOTE);
}
