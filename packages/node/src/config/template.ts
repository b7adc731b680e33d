import { stringify } from 'yaml';
import type { ConfigDefinition } from './definition.ts';
import type { ConfigField } from './fields.ts';
import { parseText, plainValue } from './file.ts';

const HEAD = `Configuration of a Chorus node.

Every value can be overridden for one run: with --set KEY=VALUE, or by the variable that \`chorus config list\` shows for it. \`chorus config set KEY VALUE\` changes this file, keeps its
comments, and checks it first. Lines that are commented out show defaults.`;

const LINE = 98;

/**
 * A new configuration file: every value explained, those given set, the others commented out with their defaults.
 *
 * @param values by key, such as `chain.url`
 */
export function renderConfig(
  definition: ConfigDefinition,
  values: Readonly<Record<string, unknown>>,
): string {
  const lines = [comment(HEAD, 0), ''];
  const listed = definition.fields.filter(
    ({ key }) => values[key] !== undefined || !definition.unlisted.includes(key),
  );
  for (const name of new Set(listed.map(({ path }) => path[0]!))) {
    const fields = listed.filter(({ path }) => path[0] === name);
    lines.push(...renderSection(definition, fields, [name], values), '');
  }
  const text = `${lines.join('\n').trimEnd()}\n`;
  // The text must be read back with the same meaning.
  plainValue(parseText(text, 'a new configuration', definition.fields), 'a new configuration');
  return text;
}

function renderSection(
  definition: ConfigDefinition,
  fields: readonly ConfigField[],
  path: readonly string[],
  values: Readonly<Record<string, unknown>>,
): string[] {
  const depth = path.length - 1;
  const key = path.join('.');
  const description = definition.descriptions[key];
  const explained = description ? [comment(description, depth)] : [];
  const [only] = fields;
  if (only?.key === key) return [...explained, renderValue(only, depth, values[key])];
  const names = [...new Set(fields.map((field) => field.path[path.length]!))];
  const set = fields.some((field) => values[field.key] !== undefined);
  return [
    ...explained,
    // A section with only comments would be null.
    `${indent(depth)}${set ? '' : '# '}${path.at(-1)}:`,
    ...names.flatMap((name) => {
      const inner = [...path, name];
      const prefix = inner.join('.');
      const part = fields.filter((field) => field.key === prefix || field.key.startsWith(`${prefix}.`));
      return renderSection(definition, part, inner, values);
    }),
  ];
}

function renderValue(field: ConfigField, depth: number, value: unknown): string {
  const name = field.path.at(-1)!;
  if (value !== undefined) {
    const text = stringify({ [name]: value }, { lineWidth: 0 }).trimEnd();
    return text.replace(/^/gm, indent(depth));
  }
  const sample = field.default === undefined ? '' : ` ${JSON.stringify(field.default)}`;
  return `${indent(depth)}# ${name}:${sample}`;
}

/** A comment of whole words, at most LINE characters a line. */
function comment(text: string, depth: number): string {
  const lines = text.split('\n').flatMap((paragraph) => {
    const wrapped: string[] = [''];
    for (const word of paragraph.split(' ')) {
      const last = wrapped.at(-1)!;
      if (last && last.length + word.length + 3 + 2 * depth > LINE) wrapped.push(word);
      else wrapped[wrapped.length - 1] = last ? `${last} ${word}` : word;
    }
    return wrapped;
  });
  return lines.map((line) => `${indent(depth)}# ${line}`.trimEnd()).join('\n');
}

const indent = (depth: number) => '  '.repeat(depth);
