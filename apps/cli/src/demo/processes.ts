import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NodeConfigInput, type NodeEvent, WALLET_KEY_FILE } from '@chorus/node';
import { ChorusError, type Hex } from '@chorus/protocol';

/** Time a node has to end by itself before it is killed. */
const STOP_MILLISECONDS = 4_000;
const STDERR_LINES = 20;
/** In a checkout the nodes run from source, as this process does. */
const NODE_OPTIONS = import.meta.url.endsWith('.ts') ? ['--conditions=@chorus/source'] : [];

/** One node of the demo, in its own operating-system process. */
export interface NodeProcess {
  name: string;
  pid: number;
  /** Resolves with the `ready` event; rejects where the process ends first. */
  ready: Promise<Extract<NodeEvent, { type: 'ready' }>>;
  /** False once the process has ended, for whatever reason. */
  alive(): boolean;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Start `chorus start` with a data folder of its own. The wallet key is a file in it, readable by its owner alone. */
export async function spawnNode(
  name: string,
  config: NodeConfigInput,
  walletKey: Hex,
  onEvent: (event: NodeEvent) => void,
): Promise<NodeProcess> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await writeFile(join(config.dataDir, WALLET_KEY_FILE), walletKey, { mode: 0o600 });
  const configFile = join(config.dataDir, 'config.json');
  await writeFile(configFile, JSON.stringify(config, null, 2));
  const child = fork(
    fileURLToPath(new URL('../../bin/chorus.js', import.meta.url)),
    ['start', '--config', configFile],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Structured clone carries bigint.
      serialization: 'advanced',
      execArgv: NODE_OPTIONS,
    },
  );
  const stderr: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr.push(...text.split('\n').filter(Boolean));
    stderr.splice(0, stderr.length - STDERR_LINES);
  });
  const ready = new Promise<Extract<NodeEvent, { type: 'ready' }>>((resolve, reject) => {
    child.on('message', (message) => {
      const event = message as NodeEvent;
      if (event.type === 'ready') resolve(event);
      onEvent(event);
    });
    child.once('exit', (code, signal) => {
      reject(
        new ChorusError('E_DEMO_NODE_ENDED', `node ${name} ended before it was ready`, {
          facts: { code, signal, stderr: stderr.join(' | ') },
        }),
      );
    });
  });
  ready.catch(() => {});
  return {
    name,
    pid: child.pid ?? 0,
    ready,
    alive: () => isAlive(child),
    kill: (signal) => void child.kill(signal),
    stop: () => stop(child),
  };
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
  await ended;
  clearTimeout(timer);
}
