import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChorusError, type Facts } from '@chorus/protocol';
import { PATIENCE, type ProcessLimits, WATCH_MILLISECONDS } from '../jobs/limits.ts';
import type { FromHost, FromWorker, HostSetup, ToHost } from '../jobs/messages.ts';
import { residentBytes } from './memory.ts';
import { receive, sender } from './wire.ts';

/** Maximum length kept of the output of a crashing process. */
const LAST_WORDS = 2_000;

/** The process watches itself; the parent intervenes this much later. */
const SLACK_MILLISECONDS = 2_000;

const running = new Set<ModelProcess>();

/** Resident memory of all open model processes, bytes; 0 if the system does not report it. */
export function modelMemory(): number {
  let sum = 0;
  for (const { pid } of running) sum += pid === undefined ? 0 : (residentBytes(pid) ?? 0);
  return sum;
}

/** Ends every model process at once, for a node that ends. */
export function killModels(): void {
  for (const process of running) process.kill();
}

export interface ProcessEvents {
  message(message: FromWorker): void;
  /** Called when the process has ended, by `kill` or by itself; then with the reason. */
  ended(fault: ChorusError): void;
}

/** A supervised child process in which one model computes. */
export class ModelProcess {
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #limits: ProcessLimits;
  readonly #events: ProcessEvents;
  readonly #usage: ((peakBytes: number) => void)[] = [];
  readonly send: (message: ToHost) => Promise<void>;
  #lastWords = '';
  #fault: ChorusError | undefined;
  #watch: NodeJS.Timeout | undefined;
  #progressAt = performance.now();

  constructor(setup: Omit<HostSetup, 'scratch'>, events: ProcessEvents) {
    this.#limits = setup.limits;
    this.#events = events;
    const scratch = join(tmpdir(), `chorus-weights-${randomUUID()}`);
    this.#child = fork(fileURLToPath(new URL(`./host${extname(import.meta.url)}`, import.meta.url)), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
      env: environment(),
      // Detached from the terminal's signals: only the node ends it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    running.add(this);
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    });
    const corrupt = () => this.#end(crashed({ reason: 'it sent an invalid message' }));
    this.send = sender<ToHost>(this.#child);
    receive<FromHost>(this.#child, (message) => this.#receive(message), corrupt);
    this.exited = new Promise((resolve) => {
      const gone = (facts: Facts) => {
        clearInterval(this.#watch);
        running.delete(this);
        this.#fault ??= crashed(facts);
        events.ended(this.#fault);
        // A process that is killed while it opens a model removes nothing.
        void rm(scratch, { recursive: true, force: true }).then(resolve, resolve);
      };
      this.#child.once('error', (error) => gone({ reason: error.message }));
      this.#child.once('close', (code, signal) => gone({ code, signal, lastWords: this.#lastWords.trim() }));
    });
    void this.send({ kind: 'setup', setup: { ...setup, scratch } });
    this.busy(true);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it computes: only then its time counts and its memory is checked. */
  busy(busy: boolean): void {
    clearInterval(this.#watch);
    if (!busy) return;
    this.#progressAt = performance.now();
    this.#watch = setInterval(() => this.#look(), WATCH_MILLISECONDS);
    this.#watch.unref();
  }

  /** The most memory the process has held so far, bytes. */
  peakBytes(): Promise<number> {
    return new Promise((resolve) => {
      this.#usage.push(resolve);
      void this.send({ kind: 'usage' });
      void this.exited.then(() => resolve(0));
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(message: FromHost): void {
    this.#progressAt = performance.now();
    if (message.kind === 'usage') this.#usage.shift()?.(message.peakBytes);
    else if (message.kind === 'passed') this.#end(passed(message));
    else this.#events.message(message);
  }

  /** The process may no longer be able to watch itself. */
  #look(): void {
    const { memoryBytes = Infinity, callSeconds = Infinity } = this.#limits;
    const held = this.pid === undefined ? null : residentBytes(this.pid);
    if (held !== null && held > memoryBytes) {
      this.#end(passed({ what: 'memory', value: held, limit: memoryBytes }));
    }
    const waited = performance.now() - this.#progressAt - SLACK_MILLISECONDS;
    const limit = callSeconds * PATIENCE;
    if (waited > limit * 1000) this.#end(passed({ what: 'time', value: waited / 1000, limit }));
  }

  #end(fault: ChorusError): void {
    this.#fault ??= fault;
    this.kill();
  }
}

/**
 * Variables of the node itself, such as the password of its wallet, and those named like the keys of endpoints that its
 * agents use. A key under another name is passed on: drivers read too many variables to list those that are needed.
 */
const SECRET = /^CHORUS_|KEY|TOKEN|SECRET|PASSW|CREDENTIAL/i;

/** The environment without secrets, as far as their names show them. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !SECRET.test(name));
  const compiled = getCompileCacheDir();
  return {
    ...Object.fromEntries(inherited),
    // Compiled code that this process keeps between runs serves the other one as well.
    ...(compiled ? { NODE_COMPILE_CACHE: compiled } : {}),
    // See no-telemetry.ts: it is read when the native library is loaded, which here a worker thread does.
    ORT_DISABLE_TELEMETRY: process.env.ORT_DISABLE_TELEMETRY ?? '1',
  };
}

function passed({ what, value, limit }: { what: string; value: number; limit: number }): ChorusError {
  if (what === 'memory') {
    return new ChorusError('E_MODEL_MEMORY', 'the model took more memory than it may, and was ended', {
      facts: { bytes: value, limit },
      hint: 'use a smaller model or batch, or raise limits.memory',
    });
  }
  return new ChorusError('E_MODEL_TIME', 'the model computed longer than it may, and was ended', {
    facts: { kind: what === 'cpu' ? 'CPU time' : 'time', seconds: Math.round(value), limit },
    hint: 'use a smaller model or batch, or raise training.tasks.callSeconds',
  });
}

function crashed(facts: Facts): ChorusError {
  return new ChorusError('E_MODEL_CRASHED', "the model's process has ended unexpectedly", {
    facts,
    hint:
      facts.signal === 'SIGKILL'
        ? 'the system may be short of memory: use a smaller batch, or free some'
        : 'the model may be at fault: use another one',
  });
}
