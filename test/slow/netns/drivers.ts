import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NetworkOptions, NetworkStats } from '@chorus/network';
import { patience } from '../../patience.ts';

/** Runs the TypeScript sources themselves. */
export const SOURCES = ['--conditions=@chorus/source'];

const DRIVER = fileURLToPath(new URL('./driver.ts', import.meta.url));

/** How a process is started: `spawn` of node:child_process, or of a namespace. */
export type Spawn = (
  command: string,
  args: string[],
  options: { stdio: ['pipe', 'pipe', 'pipe'] },
) => ChildProcess;

export interface Resources {
  rss: number;
  cpu: { user: number; system: number };
  /** Delay of the event loop, milliseconds. */
  p95: number;
  max: number;
}

/** A process that answers lines of JSON with lines of JSON. */
export class Remote {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (v: never) => void; reject: (e: Error) => void }>();
  #asked = 0;
  #complaint = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (text) => {
      this.#complaint = (this.#complaint + text).slice(-2000);
    });
    child.once('exit', () => {
      const error = new Error(`the node's process has ended: ${this.#complaint}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { id, result, error } = JSON.parse(line) as { id: number; result: never; error?: string };
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
  }

  /** Resolves when it is up. */
  async up(): Promise<void> {
    await this.#answer<null>(0);
  }

  /** Let it close its node and end. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), patience(10_000));
    await new Promise<void>((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.stdin?.end();
    });
    clearTimeout(kill);
  }

  async ask<T>(operation: string, argument?: unknown): Promise<T> {
    const id = ++this.#asked;
    const answer = this.#answer<T>(id);
    this.#child.stdin?.write(`${JSON.stringify({ id, operation, argument })}\n`);
    return await answer;
  }

  #answer<T>(id: number): Promise<T> {
    return new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}

/** A node in another process; see driver.ts. */
export class Driver extends Remote {
  peerId = '';
  addresses: string[] = [];

  /** Resolves when the node is up. */
  async ready(): Promise<this> {
    await this.up();
    await this.refresh();
    return this;
  }

  async refresh(): Promise<{ peers: string[] }> {
    const info = await this.ask<{ peerId: string; addresses: string[]; peers: string[] }>('info');
    this.peerId = info.peerId;
    this.addresses = info.addresses;
    return info;
  }

  connect = (address: string) => this.ask<null>('connect', address);
  learn = (other: Driver) => this.ask<null>('learn', { peer: other.peerId, addresses: other.addresses });
  publish = (text: string) => this.ask<null>('publish', text);
  received = () => this.ask<Record<string, number>>('received');
  put = (size: number, seed: number) => this.ask<string>('put', { size, seed });
  get = (cid: string, from: Driver[], timeoutMs: number) =>
    this.ask<{ sha256: string; ms: number }>('get', {
      cid,
      from: from.map((d) => d.peerId),
      timeoutMs: patience(timeoutMs),
    });
  remove = (cid: string) => this.ask<null>('remove', cid);
  echo = (other: Driver, timeoutMs = 20_000) =>
    this.ask<number>('echo', { peer: other.peerId, timeoutMs: patience(timeoutMs) });
  stats = () => this.ask<NetworkStats>('stats');
  resources = () => this.ask<Resources>('resources');
  resetDelays = () => this.ask<null>('resetDelays');
}

/** Start a node in a process made by `spawn`. */
export async function startDriver(spawn: Spawn, options: NetworkOptions): Promise<Driver> {
  const args = [...SOURCES, DRIVER, JSON.stringify(options)];
  return await new Driver(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })).ready();
}
