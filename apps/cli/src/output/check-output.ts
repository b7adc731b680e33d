import { open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import writeFileAtomic from 'write-file-atomic';

/**
 * Check that a file can be written, before the work whose outcome it will hold. Creates its folder if missing; an
 * existing file stays unchanged.
 * @param example of a name, for the hint
 * @throws ChorusError `E_USAGE` if the path is a folder, `E_OUTPUT_UNWRITABLE`
 */
export async function checkOutput(option: string, path: string, example = 'trained.onnx'): Promise<void> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory()) {
    throw new ChorusError('E_USAGE', `${option} is a folder, but must be a file`, {
      facts: { path },
      hint: `name a file in it, such as ${join(path, example)}`,
    });
  }
  await checkFolder(option, dirname(path));
}

/**
 * Check that files can be created in a folder; creates the folder if missing.
 * @throws ChorusError `E_OUTPUT_UNWRITABLE`
 */
export async function checkFolder(option: string, folder: string): Promise<void> {
  const probe = join(folder, `.chorus-${process.pid}.tmp`);
  try {
    await makeFolder(folder);
    await (await open(probe, 'w')).close();
  } catch (cause) {
    throw new ChorusError('E_OUTPUT_UNWRITABLE', `${option} cannot be written`, {
      facts: { folder, reason: (cause as NodeJS.ErrnoException).code },
      hint: 'name a path with free space that this user may write',
      cause,
    });
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

/**
 * Write a file that a user names, whole or not at all.
 * @throws ChorusError `E_OUTPUT_UNWRITABLE` naming it
 */
export async function writeOutput(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const bytes = typeof content === 'string' ? content : Buffer.from(content);
  await writeFileAtomic(path, bytes, options).catch((cause) => {
    throw unwritable(path, cause);
  });
}

/**
 * Write a file that does not exist yet: never over one that was made since somebody looked, and never in part.
 * @throws ChorusError `E_EXISTS`, `E_OUTPUT_UNWRITABLE`, naming it
 */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? alreadyThere(path) : unwritable(path, cause);
  });
  try {
    await file.writeFile(content);
  } catch (cause) {
    // Only what was made here is removed.
    await rm(path, { force: true }).catch(() => {});
    throw unwritable(path, cause);
  } finally {
    await file.close();
  }
}

/** The refusal to write over a file. */
export function alreadyThere(path: string): ChorusError {
  return new ChorusError('E_EXISTS', 'the file exists already, and is not overwritten', {
    facts: { path },
    hint: 'choose another name, or remove the file',
  });
}

/** A refusal of the system to write a file, which the system itself does not always name. */
export function unwritable(path: string, cause: unknown): ChorusError {
  return new ChorusError('E_OUTPUT_UNWRITABLE', 'the file cannot be written', {
    facts: { path },
    hint: 'name a path with free space that this user may write',
    cause,
  });
}
