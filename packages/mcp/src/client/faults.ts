import { ChorusError, type ErrorCode, plainLine, reasonOf, withoutSecrets } from '@chorus/protocol';

/** Longest quoted words of a server. */
const MAX_QUOTE = 200;

/** Why a server of tools cannot be used. The SDK's errors are distinguished by their codes, as it is loaded on first use. */
export function serverFault(error: unknown, server: string): ChorusError {
  const causes: Error[] = [];
  for (let each = error; each instanceof Error && causes.length < 16; each = each.cause) causes.push(each);
  const known = causes.find((each): each is ChorusError => each instanceof ChorusError);
  if (known) {
    const { code, message, hint, facts } = known;
    return new ChorusError(code, message, {
      facts: { server, ...facts },
      ...(hint ? { hint } : {}),
      cause: known,
    });
  }
  const last = causes.at(-1) ?? error;
  const says = plainLine(withoutSecrets(reasonOf(last))).slice(0, MAX_QUOTE);
  const fault = (code: ErrorCode, message: string, hint: string) =>
    new ChorusError(code, message, { facts: { server, says }, hint });
  const codes = causes.map((each) => String((each as { code?: unknown }).code ?? each.name));
  const status = causes.map((each) => (each as { data?: { status?: number } }).data?.status).find(Boolean);
  if (status === 401 || status === 403 || codes.some((code) => /Unauthorized|HTTP_AUTH/i.test(code))) {
    return fault('E_TOOL_UNAVAILABLE', 'the tool server refuses the key', 'check mcp.key and its variable');
  }
  if (codes.some((code) => /TIMEOUT/i.test(code))) {
    return fault(
      'E_TOOL_TIME',
      'the tool server did not answer within its time',
      'try again, or check the server',
    );
  }
  return fault(
    'E_TOOL_UNAVAILABLE',
    'the tool server does not answer as a server of MCP',
    'check the address or the command, and that it is a server of MCP',
  );
}
