import { homedir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from '../run.ts';
import { type Outcome, withoutWaits } from './chorus-process.ts';

/** What a command is run with. */
export interface RunOptions {
  /** The folder that relative paths start from; by default that of the test. */
  cwd?: string;
  /** The whole environment; by default that of the test. */
  env?: NodeJS.ProcessEnv;
  /** Standard input; empty by default. */
  input?: string;
}

/** Thrown where a command ends its process, so that nothing after that runs. */
class Ended extends Error {}

/** Settled once no command runs: environment, folder and output are those of one process. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Run a command in this process as if in one of its own, without a terminal: for tests of what a command prints, writes
 * and ends with. One runs at a time, in the order of the calls. What a process is needed for takes `startChorus`: signals,
 * a crash, an exit from a listener, and that it ends although something is still open.
 */
export function runChorus(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const outcome = last.then(() => runOne(args, options));
  last = outcome.catch(() => {});
  return outcome;
}

async function runOne(args: readonly string[], { cwd, env, input = '' }: RunOptions): Promise<Outcome> {
  const restore = [withListeners(), withEnvironment(env), withFolder(cwd), withInput(input)];
  const stdout = captured(process.stdout);
  const stderr = captured(process.stderr);
  const exit = exiting(() => {
    stdout.close();
    stderr.close();
  });
  restore.push(stdout.restore, stderr.restore, exit.restore);
  try {
    await run(args).catch((error) => {
      if (!(error instanceof Ended)) throw error;
    });
    return { code: exit.code(), stdout: stdout.text(), stderr: withoutWaits(stderr.text()) };
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

/** `process.exit` ends the command instead, with the code of its first call, whatever catches that. */
function exiting(onExit: () => void) {
  const { exit, exitCode } = process;
  let code: number | undefined;
  process.exitCode = undefined;
  process.exit = (given) => {
    code ??= Number(given ?? process.exitCode ?? 0);
    onExit();
    throw new Ended();
  };
  return {
    code: () => code ?? Number(process.exitCode ?? 0),
    restore: () => {
      process.exit = exit;
      process.exitCode = exitCode;
    },
  };
}

/** Collects what is written to a stream, until it is closed; meanwhile it is a pipe. */
function captured(stream: NodeJS.WriteStream) {
  const { write, isTTY } = stream;
  let text = '';
  let isOpen = true;
  stream.isTTY = false;
  stream.write = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    if (isOpen) text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') queueMicrotask(() => done());
    return true;
  };
  return {
    text: () => text,
    close: () => {
      isOpen = false;
    },
    restore: () => {
      stream.write = write;
      stream.isTTY = isTTY;
    },
  };
}

function withEnvironment(env: NodeJS.ProcessEnv = process.env): () => void {
  const before = { ...process.env };
  const set = (wanted: NodeJS.ProcessEnv) => {
    for (const name of Object.keys(process.env)) if (wanted[name] === undefined) delete process.env[name];
    for (const [name, value] of Object.entries(wanted)) if (value !== undefined) process.env[name] = value;
  };
  const { HOME } = env;
  // `env-paths` goes by the home of when it was imported, unless the folders are named.
  const below = (path: string) => (HOME && HOME !== homedir() ? join(HOME, path) : undefined);
  set({ XDG_DATA_HOME: below('.local/share'), XDG_CACHE_HOME: below('.cache'), ...env });
  return () => set(before);
}

function withFolder(cwd: string | undefined): () => void {
  const before = process.cwd();
  if (cwd !== undefined) process.chdir(cwd);
  return () => process.chdir(before);
}

function withInput(text: string): () => void {
  const before = Object.getOwnPropertyDescriptor(process, 'stdin')!;
  const stdin = Readable.from(text === '' ? [] : [Buffer.from(text)]);
  Object.defineProperty(process, 'stdin', { configurable: true, get: () => stdin });
  return () => Object.defineProperty(process, 'stdin', before);
}

/** What a command listens for ends with it. */
function withListeners(): () => void {
  const events = ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect', 'uncaughtException'];
  const before = events.map((event) => process.listeners(event as 'SIGINT'));
  return () => {
    for (const [i, event] of events.entries()) {
      for (const listener of process.listeners(event as 'SIGINT')) {
        if (!before[i]!.includes(listener)) process.off(event, listener);
      }
    }
  };
}
