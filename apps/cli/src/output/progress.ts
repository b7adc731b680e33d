import { Heartbeat } from './heartbeat.ts';
import { createSpinner } from './spinner.ts';
import { write } from './terminal.ts';

/** What a command does now, on standard error. */
export interface Progress {
  step(text: string): void;
  stop(): void;
}

/** A spinner on a terminal; elsewhere a line for each step, and for each that takes long more of them. */
export function startProgress(text: string): Progress {
  if (process.stderr.isTTY) {
    const spinner = createSpinner();
    spinner.start(text);
    return {
      step: (next) => {
        spinner.text = next;
      },
      stop: () => spinner.stop(),
    };
  }
  const beat = new Heartbeat((line) => write(process.stderr, `${line}\n`));
  beat.waitFor(text);
  return { step: (next) => beat.waitFor(next), stop: () => beat.stop() };
}
