import { dirname, resolve } from 'node:path';
import { ChorusError, keepUrlSecret } from '@chorus/protocol';
import { type Origin, parseConfig } from './config.ts';
import type { ConfigDefinition } from './definition.ts';
import { type ConfigField, variableOf } from './fields.ts';
import { plainValue, readDocument, valueOfText } from './file.ts';
import type { HostConfig } from './host-config.ts';
import { earlierName, presentName, withPresentNames } from './renamed.ts';

/** Source of a value; a later one in this list wins. */
export type ConfigSource = 'default' | 'file' | 'environment' | 'flag';

export interface LoadOptions {
  /** `key=value`, as of `--set`. */
  set?: readonly string[];
  /** By default none; `process.env` for a command. */
  env?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig<C extends HostConfig = HostConfig> {
  config: C;
  path: string;
  /** The source of every value that is not a default. */
  sources: ReadonlyMap<string, ConfigSource>;
  /** Values written under an earlier name, such as `maxStake` or `CHORUS_ROLES`, with the present one. */
  renamed: readonly { from: string; to: string }[];
}

/**
 * Read and check a configuration. The environment overrides the file, and flags override both; `dataDir` is by
 * default the file's folder, and paths are relative to that folder.
 *
 * @throws ChorusError `E_CONFIG` naming the field or variable at fault, `E_CONFIG_MISSING`
 */
export async function loadConfig<C extends HostConfig>(
  definition: ConfigDefinition<C>,
  path: string,
  options: LoadOptions = {},
): Promise<LoadedConfig<C>> {
  const file = resolve(path);
  const document = await readDocument(file, definition.written);
  const sources = new Map<string, ConfigSource>();
  for (const { key, path: where } of definition.fields) {
    const earlier = earlierName(key, definition)?.split('.');
    if (document.hasIn(where) || (earlier && document.hasIn(earlier))) sources.set(key, 'file');
  }
  const { value, renamed } = withPresentNames(plainValue(document, file), definition, file);
  for (const [field, text, name] of fromEnvironment(definition, options.env ?? {})) {
    if (name !== field.variable) renamed.push({ from: name, to: field.variable });
    put(value, field, text);
    sources.set(field.key, 'environment');
  }
  for (const [field, text, name] of (options.set ?? []).map((each) => parseAssignment(definition, each))) {
    if (name !== field.key) renamed.push({ from: name, to: field.key });
    put(value, field, text);
    sources.set(field.key, 'flag');
  }
  // Before any error text: the address of an endpoint may hold its key.
  keepUrlSecrets(value);
  const origin = (field: string) => originOf(definition, field, sources);
  const config = parseConfig(definition, withFolder(value, dirname(file)), file, origin, renamed);
  for (const [key, kind] of definition.paths) {
    resolvePath(config, key.split('.'), dirname(file), kind === 'name-or-path');
  }
  return {
    config: { ...config, dataDir: resolve(dirname(file), config.dataDir) },
    path: file,
    sources,
    renamed,
  };
}

/**
 * One value of the configuration, by its key or an earlier name of it.
 * @throws ChorusError `E_CONFIG`
 */
export function findField(definition: ConfigDefinition, key: string): ConfigField {
  const present = presentName(key, definition);
  const field = definition.fields.find((candidate) => candidate.key === present);
  if (field) return field;
  const inside = definition.fields.filter((candidate) => candidate.key.startsWith(`${present}.`));
  throw new ChorusError('E_CONFIG', 'there is no such value in the configuration', {
    facts: { key: key.slice(0, 80) },
    hint: inside.length
      ? `it is a section; use one of ${inside.map((f) => f.key).join(', ')}`
      : '`chorus config list` names them all',
  });
}

/** The field, its text, and the name it was given by. */
type Assignment = [field: ConfigField, text: string, name: string];

function parseAssignment(definition: ConfigDefinition, text: string): Assignment {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at > 0) return [findField(definition, name), text.slice(at + 1), name];
  throw new ChorusError('E_CONFIG', '--set takes KEY=VALUE', { facts: { given: text.slice(0, 80) } });
}

function fromEnvironment(
  definition: ConfigDefinition,
  env: Readonly<Record<string, string | undefined>>,
): Assignment[] {
  const found: Assignment[] = [];
  for (const [name, text] of Object.entries(env)) {
    // A variable that is set but empty, as in compose files and unit files, counts as not set.
    if (!name.startsWith('CHORUS_') || text === undefined || text.trim() === '') continue;
    const field = definition.fields.find(({ variable, key }) => {
      const earlier = earlierName(key, definition);
      return variable === name || (earlier !== null && variableOf(earlier.split('.')) === name);
    });
    if (field) found.push([field, text, name]);
    // An unknown variable with our prefix is a mistake; variables of other programs are ignored.
    else if (name.includes('__')) {
      throw new ChorusError('E_CONFIG', 'this variable names no value of the configuration', {
        facts: { variable: name },
        hint: '`chorus config list` shows the variable of each value',
      });
    }
  }
  return found;
}

/** A value that was not written in the file, by the nearest field around what is at fault. */
function originOf(
  { fields }: ConfigDefinition,
  at: string,
  sources: ReadonlyMap<string, ConfigSource>,
): Origin | null {
  const field = fields.find(({ key }) => at === key || at.startsWith(`${key}.`));
  switch (field && sources.get(field.key)) {
    case 'environment':
      return { source: field!.variable, hint: `correct the variable ${field!.variable}, or unset it` };
    case 'flag':
      return { source: `--set ${field!.key}`, hint: `correct --set ${field!.key}=VALUE` };
    default:
      return null;
  }
}

function keepUrlSecrets(value: unknown): void {
  const { chain, storage } = (value ?? {}) as Record<string, Record<string, unknown> | undefined>;
  for (const url of [chain?.url, storage?.ipfsApi]) if (typeof url === 'string') keepUrlSecret(url);
}

function put(value: unknown, field: ConfigField, text: string): void {
  let section = value as Record<string, unknown>;
  for (const name of field.path.slice(0, -1)) {
    if (typeof section[name] !== 'object' || section[name] === null) section[name] = {};
    section = section[name] as Record<string, unknown>;
  }
  section[field.path.at(-1)!] = valueOfText(field, text);
}

/** Make a path absolute in place; `names`: a plain name such as `digits` stays a name. */
function resolvePath(config: object, path: readonly string[], folder: string, names: boolean): void {
  let section = config as Record<string, unknown>;
  for (const name of path.slice(0, -1)) section = section[name] as Record<string, unknown>;
  const name = path.at(-1)!;
  const text = section[name];
  if (typeof text !== 'string' || (names && /^[\w-]+$/.test(text))) return;
  section[name] = resolve(folder, text);
}

function withFolder(value: unknown, folder: string): unknown {
  return typeof value === 'object' && value !== null && !('dataDir' in value)
    ? { ...value, dataDir: folder }
    : value;
}
