import { dirname } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { type Document, isMap, isNode, type Pair, stringify, type YAMLMap } from 'yaml';
import { parseConfig } from './config.ts';
import type { ConfigDefinition } from './definition.ts';
import { parseText, plainValue, readText, valueOfText, writeText } from './file.ts';
import { findField } from './load.ts';
import { upgradeFile } from './upgrade.ts';

/**
 * Change one value of a configuration file, or remove it with `null`. Everything else stays as it was
 * written, byte for byte; the result is checked before anything is written, and the file is replaced as a
 * whole. A default that is commented out is activated in its place.
 *
 * @throws ChorusError `E_CONFIG`, `E_CONFIG_MISSING`
 */
export async function editConfig(
  definition: ConfigDefinition,
  path: string,
  key: string,
  text: string | null,
): Promise<void> {
  const field = findField(definition, key);
  await upgradeFile(definition, path);
  const before = await readText(path);
  const edited =
    text === null
      ? remove(before, field.path, path)
      : put(before, field.path, valueOfText(field, text), path);
  const value = plainValue(parseText(edited, path, definition.written), path) as object;
  const asked = `chorus config ${text === null ? 'unset' : 'set'} ${key}`;
  const given = 'dataDir' in value ? value : { ...value, dataDir: dirname(path) };
  parseConfig(definition, given, path, (at) =>
    at === field.key || at.startsWith(`${field.key}.`)
      ? { source: asked, hint: 'nothing was changed; give another value' }
      : null,
  );
  await writeText(path, edited);
}

type Path = readonly string[];

function put(text: string, path: Path, value: unknown, source: string): string {
  // JSON, or a section within braces: no comments to keep.
  if (inBraces(parseText(text, source, []), path)) {
    const document = parseText(text, source, []);
    document.setIn(path, document.createNode(value));
    return document.toString({ lineWidth: 0 });
  }
  const inline = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
  const replaced = replace(text, path, inline, source) ?? replace(switchOn(text, path), path, inline, source);
  return replaced ?? insert(text, path, inline, source);
}

/** The text with another value at that path; null if the path has no value. */
function replace(text: string, path: Path, inline: string, source: string): string | null {
  const node = parseText(text, source, []).getIn(path, true);
  if (!isNode(node) || !node.range) return null;
  const [start, end] = node.range;
  const newline = text.slice(start, end).endsWith('\n') ? '\n' : '';
  return text.slice(0, start) + inline + newline + text.slice(end);
}

/** The text with a new value at the end of the section it belongs to, or of the file. */
function insert(text: string, path: Path, inline: string, source: string): string {
  const document = parseText(text, source, []);
  let depth = path.length - 1;
  while (depth > 0 && !isMap(document.getIn(path.slice(0, depth), true))) depth--;
  const section = (
    depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
  ) as YAMLMap | null;
  const last = section?.items.at(-1);
  const at = last ? endOf(text, last) : text.length;
  const column = last ? columnOf(text, last) : 0;
  const lines = path.slice(depth).map((name, i, names) => {
    const value = i === names.length - 1 ? ` ${inline}` : '';
    return `${' '.repeat(column + 2 * i)}${name}:${value}\n`;
  });
  const before = text.slice(0, at);
  return `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${lines.join('')}${text.slice(at)}`;
}

/** The text without a value, and without a section that held nothing else. */
function remove(text: string, path: Path, source: string): string {
  const document = parseText(text, source, []);
  if (!document.hasIn(path)) return text;
  if (inBraces(document, path)) {
    document.deleteIn(path);
    return document.toString({ lineWidth: 0 });
  }
  let depth = path.length;
  const section = (at: number) =>
    (at === 0 ? document.contents : document.getIn(path.slice(0, at), true)) as YAMLMap;
  while (depth > 1 && section(depth - 1).items.length === 1) depth--;
  const pair = section(depth - 1).items.find(({ key }) => String(key) === path[depth - 1])!;
  const start = text.lastIndexOf('\n', startOf(pair)) + 1;
  return text.slice(0, start) + text.slice(endOf(text, pair));
}

/** Whether the innermost section on the way to a value is written within braces. */
function inBraces(document: Document, path: Path): boolean {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isMap(node)) return node.flow === true;
  }
  return false;
}

/** Position at which the key of a pair begins. */
function startOf({ key }: Pair): number {
  if (isNode(key) && key.range) return key.range[0];
  throw new ChorusError('E_CONFIG', 'the configuration is too unusual to be edited', {
    hint: 'edit the file by hand',
  });
}

/** Position after the line on which a pair ends. */
function endOf(text: string, pair: Pair): number {
  const { value } = pair;
  const end = isNode(value) && value.range ? value.range[1] : startOf(pair);
  if (text[end - 1] === '\n') return end;
  const newline = text.indexOf('\n', end);
  return newline < 0 ? text.length : newline + 1;
}

function columnOf(text: string, pair: Pair): number {
  const start = startOf(pair);
  return start - (text.lastIndexOf('\n', start - 1) + 1);
}

/** The text with the commented-out lines of a value and of its sections activated. */
function switchOn(text: string, path: Path): string {
  const lines = text.split('\n');
  let from = 0;
  for (const [depth, name] of path.entries()) {
    const indent = '  '.repeat(depth);
    const wanted = new RegExp(`^${indent}(# )?${name}:`);
    const end = lines.findIndex((line, i) => i >= from && leaves(line, depth));
    const at = lines.findIndex((line, i) => i >= from && (end < 0 || i < end) && wanted.test(line));
    if (at < 0) return text;
    const isLeaf = depth === path.length - 1;
    if (lines[at]!.startsWith(`${indent}# `)) lines[at] = `${indent}${name}:${isLeaf ? ' null' : ''}`;
    from = at + 1;
  }
  return lines.join('\n');
}

/** Whether a line ends the section of that depth. */
function leaves(line: string, depth: number): boolean {
  const indent = /^( *)[^ #]/.exec(line)?.[1]?.length;
  return indent !== undefined && indent < 2 * depth;
}
