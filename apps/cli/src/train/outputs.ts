import { open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';

/**
 * See that a file can be written, before the work whose outcome it is to hold. Its folder is made where it is missing; a
 * file that is there stays as it is.
 * @throws ChorusError `E_USAGE` where it is a folder, `E_OUTPUT_UNWRITABLE`
 */
export async function checkOutput(option: string, path: string): Promise<void> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory()) {
    throw new ChorusError('E_USAGE', `${option} is a folder, and a file is to be written`, {
      facts: { path },
      hint: `name a file in it, such as ${join(path, 'trained.onnx')}`,
    });
  }
  await checkFolder(option, dirname(path));
}

/**
 * See that files can be made in a folder, which is made where it is missing.
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
      hint: 'name a place where this user may write, with room for it',
      cause,
    });
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}
