import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN_FILE, type AdminAccess } from '@chorus/admin-api';
import writeFileAtomic from 'write-file-atomic';

/** Say how to reach the node that runs on a data folder, readable by its owner alone. */
export async function writeAdmin(dataDir: string, access: AdminAccess): Promise<void> {
  await writeFileAtomic(join(dataDir, ADMIN_FILE), `${JSON.stringify(access)}\n`, { mode: 0o600 });
}

/** Remove the file, unless a later process has written its own. */
export async function removeAdmin(dataDir: string, token: string): Promise<void> {
  const path = join(dataDir, ADMIN_FILE);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text?.includes(token)) await rm(path, { force: true });
}
