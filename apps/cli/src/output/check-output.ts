import { open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';

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
