import { readFile } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import writeFileAtomic from 'write-file-atomic';
import { type Document, isScalar, parseDocument, visit } from 'yaml';
import type { ConfigField } from './fields.ts';

/** A configuration with every comment is about 5 kB. */
const MAX_CONFIG_BYTES = 256 * 1024;

/** The configuration within a data folder. */
export const CONFIG_FILE = 'config.yaml';

/**
 * Read a configuration as a YAML document, which keeps its comments; JSON is YAML.
 * @throws ChorusError `E_CONFIG`, `E_CONFIG_MISSING`
 */
export async function readDocument(path: string, fields: readonly ConfigField[]): Promise<Document> {
  return parseText(await readText(path), path, fields);
}

/** @throws ChorusError `E_CONFIG`, `E_CONFIG_MISSING` */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing
      ? new ChorusError('E_CONFIG_MISSING', 'there is no configuration', {
          facts: { path },
          hint: 'create one with `chorus init`, or name its folder with --home or its file with --config',
        })
      : new ChorusError('E_CONFIG', 'cannot read the configuration', { facts: { source: path }, cause });
  }
}

/** @throws ChorusError `E_CONFIG` with the line at fault */
export function parseText(text: string, source: string, fields: readonly ConfigField[]): Document {
  const refuse = (message: string, cause?: unknown) =>
    new ChorusError('E_CONFIG', `cannot read the configuration: ${message}`, {
      facts: { source },
      hint: 'correct the file; it must be YAML or JSON',
      cause,
    });
  if (text.length > MAX_CONFIG_BYTES) throw refuse('it is too long');
  const document = parseLiterally(text);
  const [error] = document.errors;
  if (error) throw refuse(error.message.split('\n')[0] ?? 'it is not YAML', error);
  for (const field of fields) takeLiterally(document, field);
  return document;
}

/** A name is a text: YAML reads an address without quotes as a number. */
function parseLiterally(text: string): Document {
  const document = parseDocument(text);
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && typeof key.value === 'number' && key.source) key.value = key.source;
    },
  });
  return document;
}

/** The same for values: if the field is a text, the written text counts. */
function takeLiterally(document: Document, { path, schema }: ConfigField): void {
  const node = document.getIn(path, true);
  if (!isScalar(node) || typeof node.value !== 'number' || typeof node.source !== 'string') return;
  if (!schema.safeParse(node.value).success && schema.safeParse(node.source).success) {
    node.value = node.source;
  }
}

/** The document as a plain value. */
export function plainValue(document: Document, source: string): unknown {
  try {
    // No aliases: a short file must not unfold into a long one.
    return document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch (cause) {
    throw new ChorusError('E_CONFIG', 'cannot read the configuration: it uses aliases', {
      facts: { source },
      hint: 'write the values out',
      cause,
    });
  }
}

/**
 * Replace a configuration as a whole or not at all. It may hold the key of an RPC endpoint: only its owner may read
 * it.
 */
export async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text, { mode: 0o600 });
}

/**
 * A value as typed on a command line or in a variable: YAML (`4`, `[a, b]`, `true`), or the text itself if the field
 * is a text, or its parts between commas if the field is a list of texts.
 */
export function valueOfText(field: ConfigField, text: string): unknown {
  const document = parseLiterally(text);
  if (document.errors.length > 0) return text;
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return text;
  }
  const fits = (candidate: unknown) => field.schema.safeParse(candidate).success;
  if (fits(value)) return value;
  if (fits(text)) return text;
  // A list without brackets, as users write it in a variable.
  const isList = typeof value !== 'object' && fits([]);
  return isList ? text.split(',').map((part) => part.trim()) : value;
}
