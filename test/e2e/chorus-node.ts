import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminClient, createAdminClient, readAdmin } from '@chorus/admin-api';
import { CONFIG_FILE, WALLET_KEY_FILE } from '@chorus/node';
import { startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { patience } from '../patience.ts';

/** Write the folder of a node: its wallet's key and its configuration. */
export async function writeHome(home: string, privateKey: string, config: object): Promise<void> {
  await mkdir(home, { mode: 0o700 });
  await writeFile(join(home, WALLET_KEY_FILE), privateKey, { mode: 0o600 });
  await writeFile(join(home, CONFIG_FILE), JSON.stringify({ dataDir: '.', ...config }));
}

/** Wait until it holds; what follows says what should. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patience(60_000);
  while (!(await holds()) && Date.now() < deadline) await sleep(50);
}

/**
 * Start a node's process in `folder`, which is its user's home too; resolves when it is ready.
 * @param onStart gets the process at once, to end it with the test
 */
export async function startNode(
  home: string,
  folder: string,
  onStart: (node: ChildProcess) => void,
): Promise<{ api: AdminClient; node: ChildProcess }> {
  const node = startChorus(['start', '--home', home], { cwd: folder, env: { ...process.env, HOME: folder } });
  onStart(node);
  node.stdout!.resume();
  node.stderr!.resume();
  let api: AdminClient | undefined;
  await until(async () => {
    const access = await readAdmin(home).catch(() => null);
    if (!access || access.pid !== node.pid) return false;
    api = createAdminClient(access);
    const { status } = await api.ready().catch(() => ({ status: 'unavailable' }));
    return status === 'ok';
  });
  return { api: api!, node };
}

export async function kill(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  node.kill('SIGKILL');
  await once(node, 'exit');
}
