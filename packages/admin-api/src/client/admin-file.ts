import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { isAlive } from '@chorus/utils';
import { z } from 'zod';

/** File in which a running node says how to reach its API: readable only by its owner, removed when the node ends. */
export const ADMIN_FILE = 'admin.json';

const adminFileSchema = z.object({
  url: z.url({ protocol: /^http$/ }),
  token: z.string().min(32).max(128),
  pid: z.number().int().positive(),
});

/** How to reach a node's API. */
export type AdminAccess = z.infer<typeof adminFileSchema>;

/**
 * The access to the node that runs on a data folder.
 *
 * @throws ChorusError `E_ADMIN_NOT_RUNNING` if none runs (facts: the file), `E_ADMIN_FILE` if the file is unusable
 */
export async function readAdmin(dataDir: string): Promise<AdminAccess> {
  const path = join(dataDir, ADMIN_FILE);
  const hint = 'start the node with `chorus start`, or name its data folder';
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new ChorusError('E_ADMIN_NOT_RUNNING', 'no node runs on this data folder', {
        facts: { path },
        hint,
      });
    }
    throw new ChorusError('E_ADMIN_FILE', 'cannot read the file that says how to reach the node', {
      facts: { path },
      cause,
    });
  }
  const access = parseAccess(text, path);
  // A node that was killed leaves its file behind.
  if (!isAlive(access.pid)) {
    throw new ChorusError('E_ADMIN_NOT_RUNNING', 'the node on this data folder has ended', {
      facts: { path, pid: access.pid },
      hint,
    });
  }
  return access;
}

function parseAccess(text: string, path: string): AdminAccess {
  try {
    return adminFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ChorusError('E_ADMIN_FILE', 'the file that says how to reach the node is damaged', {
      facts: { path },
      hint: 'restart the node: it writes the file again',
      cause,
    });
  }
}
