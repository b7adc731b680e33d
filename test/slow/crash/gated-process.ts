import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WALLET_KEY_FILE } from '@chorus/node';
import type { Hex } from '@chorus/protocol';
import type { NodeConfigInput, NodeEvent, StepPoint } from '@chorus/service-training';
import { patience } from '../../patience.ts';
import type { FromNode } from './gated-node.ts';

const PROGRAM = fileURLToPath(new URL('./gated-node.ts', import.meta.url));

export interface GatedOptions {
  name: string;
  config: NodeConfigInput;
  walletKey: Hex;
  /** Whether to kill the process at this point; without it nothing waits. */
  killAt?: (point: StepPoint) => boolean;
  onEvent: (event: NodeEvent) => void;
}

/** A node in its own process that can be killed exactly at a step it records, and is started again then. */
export class GatedProcess {
  readonly name: string;
  readonly folder: string;
  readonly #options: GatedOptions;
  #child!: ChildProcess;
  #ready!: Promise<Extract<NodeEvent, { type: 'ready' }>>;
  #stderr = '';
  #stopping = false;
  /** Times it was killed and started again. */
  restarts = 0;

  private constructor(options: GatedOptions) {
    this.name = options.name;
    this.folder = options.config.dataDir;
    this.#options = options;
    this.#start();
  }

  static async start(options: GatedOptions): Promise<GatedProcess> {
    const { config, walletKey } = options;
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
    await writeFile(join(config.dataDir, WALLET_KEY_FILE), walletKey, { mode: 0o600 });
    await writeFile(join(config.dataDir, 'config.json'), JSON.stringify(config));
    return new GatedProcess(options);
  }

  get ready() {
    return this.#ready;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What the last process printed, for the message of a failing test. */
  get stderr(): string {
    return this.#stderr;
  }

  /** `kill -9`, and start again as soon as it is gone. */
  async restart(): Promise<void> {
    const child = this.#child;
    const ended = this.#ended(child);
    child.kill('SIGKILL');
    await ended;
    if (this.#stopping) return;
    this.restarts++;
    this.#start();
    await this.#ready;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    const ended = this.#ended(child);
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patience(8_000));
    await ended;
    clearTimeout(timer);
  }

  #ended(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once('exit', () => resolve()));
  }

  #start(): void {
    const { config, killAt, onEvent } = this.#options;
    const args = [join(config.dataDir, 'config.json'), ...(killAt ? ['gated'] : [])];
    const child = fork(PROGRAM, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Structured clone carries bigint.
      serialization: 'advanced',
      execArgv: ['--conditions=@chorus/source'],
    });
    this.#child = child;
    this.#stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    child.on('error', () => {});
    this.#ready = new Promise((resolve, reject) => {
      child.on('message', (message) => {
        // What a killed process had still in its pipe is part of its past.
        if (child !== this.#child) return;
        const told = message as FromNode;
        if ('event' in told) {
          if (told.event.type === 'ready') resolve(told.event);
          onEvent(told.event);
        } else if (killAt?.(told.point)) {
          this.restart().catch(() => {});
        } else {
          child.send({ go: told.id }, () => {});
        }
      });
      child.once('exit', (code, signal) =>
        reject(new Error(`${this.name} ended (${signal ?? code}) before it was ready: ${this.#stderr}`)),
      );
    });
    this.#ready.catch(() => {});
  }
}
