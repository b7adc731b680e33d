import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WALLET_KEY_FILE } from '@chorus/node';
import { ChorusError, type Hex } from '@chorus/protocol';
import type { NodeConfigInput, NodeEvent } from '@chorus/service-training';
import { makeFolder } from '@chorus/utils';
import { machineFactor } from '../environment/machine.ts';

/** Time a node has to end by itself before it is killed, on a quiet machine. */
const STOP_MILLISECONDS = 4_000;
const STDERR_LINES = 20;
const PROGRAM = fileURLToPath(new URL('../../bin/chorus.js', import.meta.url));
/** If this process runs from the sources, as in tests, its nodes do so too. */
const NODE_OPTIONS = import.meta.url.endsWith('.ts') ? ['--conditions=@chorus/source'] : [];

type Ready = Extract<NodeEvent, { type: 'ready' }>;

/** One node of the demo, `chorus start` in its own operating-system process with a data folder of its own. */
export class NodeProcess {
  readonly name: string;
  readonly #configFile: string;
  readonly #onEvent: (event: NodeEvent) => void;
  #child: ChildProcess;
  #ready: Promise<Ready>;

  private constructor(name: string, configFile: string, onEvent: (event: NodeEvent) => void) {
    this.name = name;
    this.#configFile = configFile;
    this.#onEvent = onEvent;
    [this.#child, this.#ready] = this.#fork();
  }

  /** Write the node's configuration and wallet key, readable by its owner alone, and start it. */
  static async start(
    name: string,
    config: NodeConfigInput,
    walletKey: Hex,
    onEvent: (event: NodeEvent) => void,
  ): Promise<NodeProcess> {
    await makeFolder(config.dataDir, 0o700);
    await writeFile(join(config.dataDir, WALLET_KEY_FILE), walletKey, { mode: 0o600 });
    const configFile = join(config.dataDir, 'config.json');
    await writeFile(configFile, JSON.stringify(config, null, 2));
    return new NodeProcess(name, configFile, onEvent);
  }

  /** Start a node whose folder already exists. */
  static open(name: string, configFile: string, onEvent: (event: NodeEvent) => void): NodeProcess {
    return new NodeProcess(name, configFile, onEvent);
  }

  /** Resolves with the node's `ready` event; rejects if the process ends first. */
  get ready(): Promise<Ready> {
    return this.#ready;
  }

  /** False once the process has ended, for whatever reason. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Start again after the process has ended, on the same data folder. */
  async restart(): Promise<void> {
    await this.ended();
    [this.#child, this.#ready] = this.#fork();
    await this.#ready;
  }

  async stop(): Promise<void> {
    if (!this.alive) return;
    const child = this.#child;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), machineFactor() * STOP_MILLISECONDS);
    await this.ended();
    clearTimeout(timer);
  }

  /** Resolves when the process has ended, for whatever reason. */
  ended(): Promise<void> {
    if (!this.alive) return Promise.resolve();
    return new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  #fork(): [ChildProcess, Promise<Ready>] {
    const child = fork(PROGRAM, ['start', '--config', this.#configFile], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Structured clone carries bigint.
      serialization: 'advanced',
      execArgv: NODE_OPTIONS,
    });
    const stderr: string[] = [];
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr.push(...text.split('\n').filter(Boolean));
      stderr.splice(0, stderr.length - STDERR_LINES);
    });
    const ready = new Promise<Ready>((resolve, reject) => {
      child.on('message', (message) => {
        const event = message as NodeEvent;
        if (event.type === 'ready') resolve(event);
        this.#onEvent(event);
      });
      child.once('exit', (code, signal) => {
        reject(
          new ChorusError('E_DEMO_NODE_ENDED', `node ${this.name} ended before it was ready`, {
            facts: { code, signal, stderr: stderr.join(' | ') },
          }),
        );
      });
    });
    ready.catch(() => {});
    return [child, ready];
  }
}
