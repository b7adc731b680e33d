import { keepSecret, keepUrlSecret } from '@chorus/protocol';
import type { Fault } from './fault.ts';

/** A reference to a variable of the environment, and nothing else. */
export const ENVIRONMENT_REFERENCE = /^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$/;

const EACH = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The value of a variable of the environment; undefined if it is not set. */
export type Environment = (name: string) => string | undefined;

/** Where references are replaced. Elsewhere they could end up on a card, which everybody reads. */
const PLACES = ['url', 'name', 'key'] as const;

interface Endpoint {
  url: string;
  name?: string | undefined;
  key?: string | undefined;
}

/**
 * Replaces `${env:NAME}` in the settings of an endpoint or of a tool server, and keeps the values out of all that this process shows.
 * @returns the settings, or what is wrong: a path below them, and a message without any value
 */
export function resolveEndpoint<T extends Endpoint>(
  endpoint: T,
  environment: Environment,
): { endpoint: T } | Pick<Fault, 'path' | 'message' | 'hint'> {
  const resolved: Partial<Record<(typeof PLACES)[number], string>> = {};
  for (const place of PLACES) {
    const text = endpoint[place];
    if (text === undefined) continue;
    const found = fillIn(text, environment, place === 'key');
    if ('message' in found) return { path: place, ...found };
    const { value } = found;
    if (place === 'url') {
      const fault = urlFault(value, text);
      if (fault) return fault;
      if (value !== text) keepUrlSecret(value);
    }
    resolved[place] = value;
  }
  return { endpoint: { ...endpoint, ...resolved } };
}

/**
 * Replaces `${env:NAME}` in a text.
 * @param isSecret what is filled in appears nowhere in what this process shows
 * @returns the text, or that a variable is not set
 */
export function fillIn(
  text: string,
  environment: Environment,
  isSecret: boolean,
): { value: string } | Pick<Fault, 'message' | 'hint'> {
  let missing: string | undefined;
  const value = text.replace(EACH, (_, name: string) => {
    const found = environment(name)?.trim();
    if (!found) missing ??= name;
    else if (isSecret) keepSecret(found);
    return found ?? '';
  });
  if (missing === undefined) return { value };
  const message = `the variable ${missing} of the environment is not set`;
  return { message, hint: `set it: export ${missing}=...` };
}

function urlFault(value: string, written: string): Pick<Fault, 'path' | 'message' | 'hint'> | null {
  const path = 'url';
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    return { path, message: 'must be an address that begins with http:// or https://', hint: 'correct it' };
  }
  const isWritten = URL.canParse(written);
  if (isWritten && (url.username || url.password)) {
    return { path, message: 'has a user or password in it', hint: 'write the address as ${env:NAME}' };
  }
  return null;
}
