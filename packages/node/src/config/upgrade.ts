import { constants, copyFile } from 'node:fs/promises';
import { parseConfig } from './config.ts';
import type { ConfigDefinition } from './definition.ts';
import { parseText, plainValue, readText, writeText } from './file.ts';
import { type Renamed, withPresentNames } from './renamed.ts';
import { renderConfig } from './template.ts';

/** Appended to the name of a file that was rewritten: it has what the earlier release understands. */
const BACKUP = '.before-upgrade';

/**
 * Rewrite a configuration file that has values under earlier names, with every value under its present name. The old
 * file is kept as a copy; a file that is up to date is not touched.
 *
 * @returns what was renamed; empty if nothing was
 * @throws ChorusError `E_CONFIG` if the file is not valid: then nothing is changed
 */
export async function upgradeFile(definition: ConfigDefinition, path: string): Promise<readonly Renamed[]> {
  const text = await readText(path);
  const written = plainValue(parseText(text, path, definition.written), path);
  const { value, renamed } = withPresentNames(written, definition, path);
  if (renamed.length === 0) return [];
  parseConfig(definition, { dataDir: path, ...(value as object) }, path);
  // Never over an older backup: that one is what the user wrote.
  await copyFile(path, path + BACKUP, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await writeText(
    path,
    text.trimStart().startsWith('{') ? json(value) : renderConfig(definition, valuesOf(definition, value)),
  );
  return renamed;
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** The values that are written, by key. */
function valuesOf({ fields }: ConfigDefinition, value: unknown): Record<string, unknown> {
  const entries = fields.map(({ key, path }) => [
    key,
    path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], value),
  ]);
  return Object.fromEntries(entries.filter(([, written]) => written !== undefined));
}
