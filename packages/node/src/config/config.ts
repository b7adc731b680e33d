import { ChorusError, faultOf } from '@chorus/protocol';
import type { z } from 'zod';
import type { ConfigDefinition } from './definition.ts';
import type { HostConfig } from './host-config.ts';
import { type Renamed, withPresentNames } from './renamed.ts';

/** Where a value of a configuration was written, in the user's terms. */
export interface Origin {
  /** The file, the variable, or the flag. */
  source: string;
  hint: string;
}

/**
 * A configuration, checked and with its defaults. Values under earlier names are taken too.
 *
 * @param source - the file
 * @param originOf - where the value of a field was written, if not in the file
 * @param renamed - values that were written under earlier names, if they have been renamed already
 * @throws ChorusError `E_CONFIG` naming the field at fault, and the file, variable or flag it was written in
 */
export function parseConfig<C extends HostConfig>(
  definition: ConfigDefinition<C>,
  value: unknown,
  source: string,
  originOf: (field: string) => Origin | null = () => null,
  renamed: readonly Renamed[] = [],
): C {
  const present = withPresentNames(value, definition, source);
  const parsed = definition.schema.safeParse(present.value);
  if (parsed.success) return parsed.data as unknown as C;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const key = [...(issue?.path ?? []), ...unknown].map(String).join('.');
  // By the name that the user wrote.
  const written = [...renamed, ...present.renamed].find(({ to }) => key === to || key.startsWith(`${to}.`));
  const field = written ? written.from + key.slice(written.to.length) : key;
  const missing = issue?.code === 'invalid_type' && valueAt(present.value, issue.path) === undefined;
  const fault = missing ? 'is missing' : `${faultOf(issue)}${exampleFor(issue)}`;
  const origin = originOf(key);
  throw new ChorusError('E_CONFIG', `${field || 'the configuration'}: ${fault}`, {
    facts: { source: origin?.source ?? source, field },
    hint:
      origin?.hint ??
      (missing
        ? 'add it to the file, or create a configuration with `chorus init`'
        : 'correct it in the file'),
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (at as Record<PropertyKey, unknown> | null | undefined)?.[name],
    value,
  );
}

/** How to write a value that is not a text. */
function exampleFor(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'invalid_type') return '';
  if (issue.expected === 'array') return ', written [one, other]';
  return issue.expected === 'object' || issue.expected === 'record' ? ', written {name: value}' : '';
}
