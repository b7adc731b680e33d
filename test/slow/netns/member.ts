import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WALLET_KEY_FILE } from '@chorus/node';
import type { Hex } from '@chorus/protocol';
import type { NodeConfigInput, NodeEvent, TaskRequest } from '@chorus/service-training';
import { patience } from '../../patience.ts';
import { SOURCES } from './drivers.ts';
import type { FromRequester } from './requester.ts';

const CHORUS = fileURLToPath(new URL('../../../apps/cli/bin/chorus.js', import.meta.url));
const REQUESTER = fileURLToPath(new URL('./requester.ts', import.meta.url));
/** Time a node has to end by itself before it is killed. */
const STOP_MILLISECONDS = 8_000;

type Ready = Extract<NodeEvent, { type: 'ready' }>;

export interface MemberOptions {
  name: string;
  config: NodeConfigInput;
  walletKey: Hex;
  /** `chorus start`, or the program that also publishes. */
  program: 'start' | 'requester';
  /** Starts a process in the namespace of this member. */
  spawn: (command: string, args: string[], options: SpawnOptions) => ChildProcess;
  onEvent: (event: NodeEvent) => void;
}

/** A node in a process and a network namespace of its own; its events come over the channel that Node opens. */
export class MemberProcess {
  readonly name: string;
  readonly ready: Promise<Ready>;
  readonly #child: ChildProcess;
  #complaint = '';
  #published: ((told: FromRequester) => void) | undefined;

  private constructor({ name, onEvent }: MemberOptions, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-2000);
    });
    child.on('error', () => {});
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message) => {
        const told = message as NodeEvent | FromRequester;
        if (!('type' in told)) {
          this.#published?.(told);
          return;
        }
        if (told.type === 'ready') resolve(told);
        onEvent(told);
      });
      child.once('exit', (code, signal) =>
        reject(new Error(`${name} ended (${signal ?? code}): ${this.#complaint}`)),
      );
    });
    this.ready.catch(() => {});
  }

  /** Write the configuration and the wallet key, readable by their owner alone, and start the node. */
  static async start(options: MemberOptions): Promise<MemberProcess> {
    const { config, walletKey, program, spawn } = options;
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    await writeFile(join(config.dataDir, WALLET_KEY_FILE), walletKey, { mode: 0o600 });
    const file = join(config.dataDir, 'config.json');
    await writeFile(file, JSON.stringify(config, null, 2));
    const args = program === 'start' ? [CHORUS, 'start', '--config', file] : [REQUESTER, file];
    const child = spawn(process.execPath, [...SOURCES, ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Structured clone carries bigint.
      serialization: 'advanced',
    });
    return new MemberProcess(options, child);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it printed to its error output last. */
  get complaint(): string {
    return this.#complaint;
  }

  /** Of the requester alone. */
  async publish(request: TaskRequest): Promise<bigint> {
    const told = await new Promise<FromRequester>((resolve) => {
      this.#published = resolve;
      this.#child.send(request);
    });
    if ('fault' in told) throw new Error(told.fault);
    return told.published;
  }

  async stop(): Promise<void> {
    if (!this.alive) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patience(STOP_MILLISECONDS));
    await ended;
    clearTimeout(timer);
  }
}
