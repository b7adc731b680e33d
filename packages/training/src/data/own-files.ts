import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive, makeFolder } from '@chorus/utils';

/**
 * Files that live no longer than the process that made them. Their names say whose they are, so that the next user of
 * the folder removes those of a process that was killed.
 */
const OWN = /^own\.([0-9a-f]{8})\.(\d+)\.(\d*)\.[0-9a-f]{12}$/;

/** Whether a process of another machine lives cannot be known from here: its files are left alone for this long. */
const FOREIGN_MILLISECONDS = 30 * 24 * 3600 * 1000;

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const mine = new Set<string>();
let watching = false;

/**
 * A path for a new file in a folder, which is made if it is missing. The file is removed when this process ends.
 * @throws the file system's error
 */
export async function ownPath(folder: string): Promise<string> {
  await makeFolder(folder, 0o700);
  await sweep(folder);
  if (!watching) process.on('exit', removeMine);
  watching = true;
  const { pid } = process;
  const path = join(folder, `own.${host}.${pid}.${startOf(pid)}.${randomBytes(6).toString('hex')}`);
  mine.add(path);
  return path;
}

/** Remove an own file before the process ends. */
export async function removeOwn(path: string): Promise<void> {
  if (!mine.delete(path)) return;
  await rm(path, { force: true });
}

/** Keep a file that is no longer under this path. */
export function disown(path: string): void {
  mine.delete(path);
}

function removeMine(): void {
  for (const path of mine) {
    try {
      rmSync(path, { force: true });
    } catch {
      // The next user of the folder removes it.
    }
  }
}

/** Remove from a folder, if it is there, what processes that no longer live have left. */
export async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, machine, pid, start] = OWN.exec(name) ?? [];
    if (machine === undefined) continue;
    const path = join(folder, name);
    const over = machine === host ? isOver(Number(pid), start!) : await isOld(path);
    if (over) await rm(path, { force: true }).catch(() => {});
  }
}

/** Whether the process that began then has ended. Another may have its number by now; in a container it is always the same. */
const isOver = (pid: number, start: string): boolean => !isAlive(pid) || startOf(pid) !== start;

async function isOld(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  return info !== null && Date.now() - info.ctimeMs > FOREIGN_MILLISECONDS;
}

/** When a process began, in ticks since the start of the machine; empty if the system does not say (proc(5), stat). */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses, which may contain anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
