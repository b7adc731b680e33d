import { dirname, resolve } from 'node:path';
import { ChorusError, keepUrlSecret } from '@chorus/protocol';
import { type NodeConfig, type Origin, parseConfig } from './config.ts';
import { CONFIG_FIELDS, type ConfigField } from './fields.ts';
import { plainValue, readDocument, valueOfText } from './file.ts';

/** Source of a value; a later one in this list wins. */
export type ConfigSource = 'default' | 'file' | 'environment' | 'flag';

export interface LoadOptions {
  /** `key=value`, as of `--set`. */
  set?: readonly string[];
  /** By default none; `process.env` for a command. */
  env?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig {
  config: NodeConfig;
  path: string;
  /** The source of every value that is not a default. */
  sources: ReadonlyMap<string, ConfigSource>;
}

/**
 * Read and check a configuration. The environment overrides the file, and flags override both; `dataDir` is by
 * default the file's folder, and paths are relative to that folder.
 *
 * @throws ChorusError `E_CONFIG` naming the field or variable at fault, `E_CONFIG_MISSING`
 */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  const file = resolve(path);
  const document = await readDocument(file);
  const sources = new Map<string, ConfigSource>();
  for (const { key, path: where } of CONFIG_FIELDS) {
    if (document.hasIn(where)) sources.set(key, 'file');
  }
  const value = plainValue(document, file);
  for (const [field, text] of fromEnvironment(options.env ?? {})) {
    put(value, field, text);
    sources.set(field.key, 'environment');
  }
  for (const [field, text] of (options.set ?? []).map(parseAssignment)) {
    put(value, field, text);
    sources.set(field.key, 'flag');
  }
  // Before any error text: the address of an endpoint may hold its key.
  keepUrlSecrets(value);
  const config = parseConfig(withFolder(value, dirname(file)), file, (field) => originOf(field, sources));
  const folder = resolve(dirname(file), config.dataDir);
  const inFolder = (name: string) => (/^[\w-]+$/.test(name) ? name : resolve(dirname(file), name));
  return {
    config: {
      ...config,
      dataDir: folder,
      ...(config.data === undefined ? {} : { data: inFolder(config.data) }),
      ...(config.srsCache === undefined ? {} : { srsCache: resolve(dirname(file), config.srsCache) }),
    },
    path: file,
    sources,
  };
}

/** @throws ChorusError `E_CONFIG` */
export function findField(key: string): ConfigField {
  const field = CONFIG_FIELDS.find((candidate) => candidate.key === key);
  if (field) return field;
  const inside = CONFIG_FIELDS.filter((candidate) => candidate.key.startsWith(`${key}.`));
  throw new ChorusError('E_CONFIG', 'there is no such value in the configuration', {
    facts: { key: key.slice(0, 80) },
    hint: inside.length
      ? `it is a section; use one of ${inside.map((f) => f.key).join(', ')}`
      : '`chorus config list` names them all',
  });
}

function parseAssignment(text: string): [ConfigField, string] {
  const at = text.indexOf('=');
  if (at > 0) return [findField(text.slice(0, at)), text.slice(at + 1)];
  throw new ChorusError('E_CONFIG', '--set takes KEY=VALUE', { facts: { given: text.slice(0, 80) } });
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): [ConfigField, string][] {
  const found: [ConfigField, string][] = [];
  for (const [name, text] of Object.entries(env)) {
    // A variable that is set but empty, as in compose files and unit files, counts as not set.
    if (!name.startsWith('CHORUS_') || text === undefined || text.trim() === '') continue;
    const field = CONFIG_FIELDS.find(({ variable }) => variable === name);
    if (field) found.push([field, text]);
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
function originOf(at: string, sources: ReadonlyMap<string, ConfigSource>): Origin | null {
  const field = CONFIG_FIELDS.find(({ key }) => at === key || at.startsWith(`${key}.`));
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

function withFolder(value: unknown, folder: string): unknown {
  return typeof value === 'object' && value !== null && !('dataDir' in value)
    ? { ...value, dataDir: folder }
    : value;
}
