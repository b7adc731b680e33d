import { ChorusError, describeError } from '@chorus/protocol';
import colors from 'yoctocolors';
import { write } from './terminal.ts';

/**
 * Exit codes of the command, after sysexits.h where it has a word for it: 1 unexpected, 64 usage (65 bad
 * data, 69 something needed is missing), 130 interrupted.
 */
export const EXIT = { ok: 0, failed: 1, usage: 64, data: 65, unavailable: 69, interrupted: 130 } as const;

/** The user interrupted: nothing to report. */
export class Interrupted extends Error {}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (!(error instanceof ChorusError)) return EXIT.failed;
  if (['E_USAGE', 'E_CONFIG', 'E_SPLIT'].includes(error.code)) return EXIT.usage;
  if (error.code.startsWith('E_DATA')) return EXIT.data;
  return EXIT.failed;
}

/** End the process once everything printed has been handed over; a pipe may take its time. */
export async function finish(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
}

/** Print an error for a person and end the process with its exit code. */
export function reportAndExit(error: unknown): never {
  if (!(error instanceof Interrupted)) {
    const text =
      error instanceof ChorusError ? describeError(error) : String((error as Error).stack ?? error);
    write(process.stderr, `${colors.red('error')} ${text}\n`);
  }
  process.exit(exitCodeOf(error));
}
