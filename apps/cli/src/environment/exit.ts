import {
  ChorusError,
  describeError,
  type ErrorCategory,
  errorClass,
  reasonOf,
  withoutSecrets,
} from '@chorus/protocol';
import { type Command, CommanderError } from 'commander';
import colors from 'yoctocolors';
import { write } from '../output/terminal.ts';

/** Exit codes of the command, from sysexits.h if it defines a fitting one. */
export const EXIT = {
  ok: 0,
  /** Any other failure, or a failed check. */
  failed: 1,
  usage: 64,
  /** Data, a file or a backup is damaged or of the wrong kind. */
  data: 65,
  /** A node or chain does not answer, or a tool is missing. */
  unavailable: 69,
  /** A fault of chorus itself. */
  internal: 70,
  /** Already exists; not overwritten. */
  exists: 73,
  /** A file or standard output cannot be read or written. */
  inputOutput: 74,
  /** Temporarily not possible: a node is running, or a task is in progress. */
  later: 75,
  /** A password is wrong or missing. */
  permission: 77,
  config: 78,
  interrupted: 130,
} as const;

/** The exit code for each category of errors. */
const CATEGORIES: Readonly<Record<ErrorCategory, number>> = {
  usage: EXIT.usage,
  config: EXIT.config,
  permission: EXIT.permission,
  data: EXIT.data,
  exists: EXIT.exists,
  busy: EXIT.later,
  unavailable: EXIT.unavailable,
  io: EXIT.inputOutput,
  refused: EXIT.failed,
  overtaken: EXIT.failed,
  failed: EXIT.failed,
  internal: EXIT.internal,
};

/** The exit codes as `chorus --help` describes them. */
export const EXIT_HELP = [
  'Exit codes: 0 done, 1 failed or a check failed, 64 wrong usage, 65 bad data, 69 something needed does not',
  'answer or is missing, 70 a fault of chorus, 73 it exists and is not overwritten, 74 a file or the output cannot be',
  'read or written, 75 not possible now, 77 password, 78 configuration, 130 interrupted.',
].join('\n');

/** The user interrupted: nothing to report. */
export class Interrupted extends Error {}

/** The exit code of a process after this error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  return CATEGORIES[error instanceof ChorusError ? errorClass(error.code).category : 'internal'];
}

/** End the process once everything printed has been handed over; a pipe may take its time. */
export async function finish(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
}

/** What a user can do about an error of the system. */
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'check its owner, and the user that the command runs as',
  EPERM: 'check its owner, and the user that the command runs as',
  EDQUOT: 'free some space, or choose another path',
  EISDIR: 'give a file',
  EMFILE: 'raise the limit: ulimit -n 4096',
  ENOENT: 'check the spelling',
  ENOSPC: 'free some space, or choose another path',
  ENOTDIR: 'check the spelling',
  EROFS: 'choose another path',
};

/**
 * Any error as a ChorusError: a system error gets a message and a hint; anything else is a fault of chorus, whose
 * stack is shown with `CHORUS_DEBUG=1`.
 */
export function asChorusError(error: unknown): ChorusError {
  if (error instanceof ChorusError) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  const message = reasonOf(error);
  if (typeof code === 'string' && (typeof syscall === 'string' || code in SYSTEM_HINTS)) {
    return new ChorusError('E_SYSTEM', message, {
      hint: SYSTEM_HINTS[code] ?? 'try again; `chorus doctor` looks at what this machine has',
    });
  }
  return new ChorusError('E_UNEXPECTED', message, {
    hint: 'this is a fault of chorus: please report it, with what the same command prints after CHORUS_DEBUG=1',
  });
}

/** An error in one line for a log, in several for a person at a terminal. */
function textOf(error: ChorusError): string {
  if (!process.stderr.isTTY) return describeError(error);
  const facts = Object.entries(error.facts).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  const root = error.chain().at(-1);
  return [
    `${error.message} ${colors.dim(error.code)}`,
    ...facts.map(([name, value]) => `  ${colors.dim(name.padEnd(width))}  ${String(value)}`),
    ...(root && root !== error && !error.message.includes(reasonOf(root))
      ? [`  ${colors.dim(`because: ${reasonOf(root)}`)}`]
      : []),
    ...(error.hint ? [`-> ${error.hint}`] : []),
  ].join('\n');
}

/** An error as it is printed, without secrets. */
export function errorText(error: unknown): string {
  const text = textOf(asChorusError(error));
  const { stack } = error as Error;
  const debug = process.env.CHORUS_DEBUG && stack ? `\n${stack}` : '';
  return withoutSecrets(`${text}${debug}`);
}

/** Print an error for a person and end the process with its exit code. */
export function reportAndExit(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  if (!(error instanceof Interrupted)) {
    // If even the error cannot be written, the exit code reports it.
    try {
      write(process.stderr, `${colors.red('error')} ${errorText(error)}\n`);
    } catch {}
  }
  process.exit(exitCodeOf(error instanceof Interrupted ? error : asChorusError(error)));
}

/** Let wrong usage of a command or its subcommands end with {@link EXIT.usage}. */
export function checkUsage(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help says more)');
  for (const below of command.commands) checkUsage(below);
  return command;
}
