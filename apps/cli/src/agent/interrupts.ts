import { EXIT, Interrupted } from '../environment/exit.ts';

/** Aborts `stop` with `Interrupted` on Ctrl-C and SIGTERM; the second of them ends the process at once. */
export function abortOnInterrupt(stop: AbortController): void {
  const interrupt = () =>
    stop.signal.aborted ? process.exit(EXIT.interrupted) : stop.abort(new Interrupted());
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt);
}
