import type { ChildProcess } from 'node:child_process';

/** Variables that any program needs. */
const COMMON = /^(?:PATH|HOME|TMPDIR|TEMP|TMP|SystemRoot|LANG|LC_.*)$/i;

/**
 * The environment for another program: of this one's only what it needs to run, and so no keys.
 * @param more names of variables that it is given as well
 */
export function inheritedEnvironment(more?: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => COMMON.test(name) || more?.test(name)),
  );
}

/** How each child that runs is ended; null until the first. */
let running: Map<ChildProcess, (child: ChildProcess) => void> | null = null;

/** Ends a child when this process exits, unless it has ended before; not when this process is killed. */
export function killOnExit(
  child: ChildProcess,
  kill: (child: ChildProcess) => void = (each) => each.kill('SIGKILL'),
): void {
  if (!running) {
    running = new Map();
    process.on('exit', endAll);
  }
  running.set(child, kill);
  child.once('error', () => running?.delete(child));
  child.once('close', () => running?.delete(child));
}

function endAll(): void {
  for (const [child, kill] of running ?? []) kill(child);
}
