import ora from 'ora';

/** What a command does now, on a terminal; elsewhere it is not shown. */
export interface Spinner {
  /** Shown from the next frame on, if the spinner runs. */
  text: string;
  readonly isSpinning: boolean;
  /** Begins to spin; while it does, only its text changes. */
  start(text?: string): void;
  /** Takes it off the terminal. Safe to call again. */
  stop(): void;
}

/** A spinner on standard error. */
export function createSpinner({ isSilent = false }: { isSilent?: boolean } = {}): Spinner {
  const spinner = ora({ stream: process.stderr, isSilent: isSilent || !process.stderr.isTTY });
  return {
    get text() {
      return spinner.text;
    },
    set text(text) {
      spinner.text = text;
    },
    get isSpinning() {
      return spinner.isSpinning;
    },
    start: (text) => void spinner.start(text),
    stop: () => void spinner.stop(),
  };
}
