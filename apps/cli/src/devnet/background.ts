import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ChorusError } from '@chorus/protocol';
import { isAlive, makeFolder } from '@chorus/utils';
import { machineFactor } from '../environment/machine.ts';
import { startProgress } from '../output/progress.ts';
import { findDevnet } from './descriptor.ts';

/** Time for everything to start on a quiet machine; longer on a slow or busy one. */
const UP_MILLISECONDS = 180_000;
/** The nodes' own time and the chain's. */
const DOWN_MILLISECONDS = 60_000;
const LOG_FILE = 'devnet.log';

/**
 * Start the devnet of a folder in a process of its own, which outlives this one.
 * @throws ChorusError `E_DEVNET_START`
 */
export async function upInBackground(folder: string, nodes: number): Promise<void> {
  await makeFolder(folder, 0o700);
  const path = join(folder, LOG_FILE);
  const log = await open(path, 'w', 0o600);
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      process.argv[1]!,
      'devnet',
      'up',
      '--foreground',
      '--dir',
      folder,
      '--nodes',
      String(nodes),
    ],
    { detached: true, stdio: ['ignore', log.fd, log.fd] },
  );
  child.unref();
  await log.close();
  const progress = startProgress('starting');
  const interrupted = () => child.kill('SIGTERM');
  process.once('SIGINT', interrupted);
  try {
    const began = Date.now();
    const until = began + UP_MILLISECONDS * machineFactor();
    while ((await findDevnet(folder))?.pid !== child.pid) {
      const said = (await readFile(path, 'utf8')).trimEnd().split('\n');
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > until) {
        if (child.exitCode === null) child.kill('SIGTERM');
        throw new ChorusError('E_DEVNET_START', 'the devnet did not start', {
          facts: { log: path, last: said.at(-1)?.slice(0, 300) },
        });
      }
      const step = said.at(-1)?.replace(/^\S+Z /, '') || 'starting';
      // Only a terminal replaces the line before.
      progress.step(process.stderr.isTTY ? `${step} (${Math.round((Date.now() - began) / 1000)} s)` : step);
      await delay(100);
    }
  } finally {
    progress.stop();
    process.off('SIGINT', interrupted);
  }
}

/**
 * End the process of a devnet, and wait until it has.
 * @throws ChorusError `E_NODE_BUSY` if it takes too long
 */
export async function endDevnet(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + DOWN_MILLISECONDS;
  while (isAlive(pid)) {
    if (Date.now() > until) {
      throw new ChorusError('E_NODE_BUSY', 'the devnet has not ended yet', { facts: { pid } });
    }
    await delay(50);
  }
}
