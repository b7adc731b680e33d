import { RequestMalformedError } from '@a2a-js/sdk/errors';

/** Where the next page of a list of tasks begins. */
export function pageToken(time: string, id: string): string {
  return Buffer.from(JSON.stringify([time, id])).toString('base64url');
}

/** @throws RequestMalformedError */
export function parsePageToken(token: string): [string, string] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token.slice(0, 500), 'base64url').toString('utf8'));
    const [time, id] = parsed as [unknown, unknown];
    if (typeof time === 'string' && typeof id === 'string') return [time, id];
  } catch {
    // Refused below, like any other token that is not ours.
  }
  throw new RequestMalformedError('pageToken is not one of this agent');
}
