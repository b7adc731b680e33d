import { ChorusError } from '@chorus/protocol';

/** A place within a schema, as a JSON pointer (RFC 6901) with `#` before it. */
export type Pointer = string;

/** The place of a key within another place. */
export const within = (at: Pointer, ...keys: readonly (string | number)[]): Pointer =>
  keys.reduce<string>(
    (path, key) => `${path}/${String(key).slice(0, 60).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    at,
  );

/** @param at where in the schema; callers are shown the message alone, so it names the place */
export function refused(message: string, at: Pointer): ChorusError {
  // Places may be as deep as a schema.
  const place = at.length > 200 ? `...${at.slice(-200)}` : at;
  return new ChorusError('E_AGENT_INPUT', `${message}, at ${place}`, {
    hint: 'describe the answer by types, properties, items, bounds, enum, anyOf and $ref alone',
  });
}
