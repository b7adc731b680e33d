import { ChorusError, describeError, reasonOf, withoutSecrets } from '@chorus/protocol';
import { type Command, CommanderError } from 'commander';
import colors from 'yoctocolors';
import { write } from './terminal.ts';

/** Exit codes of the command, after sysexits.h where it has a word for it. */
export const EXIT = {
  ok: 0,
  /** Something else, and a check that failed. */
  failed: 1,
  usage: 64,
  /** Data, a file or a backup is damaged or of the wrong kind. */
  data: 65,
  /** A node or chain that does not answer, a tool that is not there. */
  unavailable: 69,
  /** A fault of chorus itself. */
  internal: 70,
  /** Something is there already, and is left alone. */
  exists: 73,
  /** A file, or standard output, that cannot be read or written. */
  inputOutput: 74,
  /** Not now: a node is running, a task is under way. */
  later: 75,
  /** A password that is wrong or missing. */
  permission: 77,
  config: 78,
  interrupted: 130,
} as const;

/** By the beginning of an error's code; the first that fits. */
const CODES: readonly [prefix: string, code: number][] = [
  ['E_USAGE', EXIT.usage],
  ['E_SPLIT', EXIT.usage],
  ['E_TERMS', EXIT.usage],
  ['E_ADMIN_BAD_REQUEST', EXIT.usage],
  ['E_CONFIG', EXIT.config],
  ['E_WALLET', EXIT.config],
  ['E_CHAIN_WRONG_ID', EXIT.config],
  ['E_NETWORK_OPTIONS', EXIT.config],
  ['E_STORE_FOREIGN', EXIT.config],
  ['E_PASSWORD', EXIT.permission],
  ['E_ADMIN_UNAUTHORIZED', EXIT.permission],
  ['E_ADMIN_NOT_RUNNING', EXIT.unavailable],
  ['E_ADMIN_UNREACHABLE', EXIT.unavailable],
  ['E_CHAIN_UNREACHABLE', EXIT.unavailable],
  ['E_CHAIN_DEVNET_UNSUPPORTED', EXIT.unavailable],
  ['E_ADMIN_LISTEN', EXIT.unavailable],
  ['E_ADMIN_NOT_READY', EXIT.later],
  ['E_NETWORK_LISTEN', EXIT.unavailable],
  ['E_NETWORK_DIAL', EXIT.unavailable],
  ['E_STORAGE_KUBO', EXIT.unavailable],
  ['E_STORAGE_UNAVAILABLE', EXIT.unavailable],
  ['E_DEVNET_DOWN', EXIT.unavailable],
  ['E_CHECKPOINT_EXISTS', EXIT.exists],
  ['E_CHECKPOINT', EXIT.data],
  ['E_MODEL', EXIT.data],
  ['E_PROOF_FILE', EXIT.data],
  ['E_PROFILE', EXIT.data],
  ['E_SYSTEM', EXIT.inputOutput],
  ['E_STORE_FULL', EXIT.inputOutput],
  ['E_STORE_READONLY', EXIT.inputOutput],
  ['E_STORE_IO', EXIT.inputOutput],
  ['E_STORAGE_FULL', EXIT.inputOutput],
  ['E_NODE_BUSY', EXIT.later],
  ['E_ADMIN_BUSY', EXIT.later],
  ['E_PUBLICATION_OPEN', EXIT.later],
  ['E_PUBLICATION_OTHER', EXIT.exists],
  ['E_STORE_LOCKED', EXIT.later],
  ['E_STAKE_NOT_MATURE', EXIT.later],
  ['E_STAKE_LOCKED', EXIT.later],
  ['E_STAKE_AMBIGUOUS', EXIT.usage],
  ['E_STAKE_AMOUNT', EXIT.usage],
  ['E_EXISTS', EXIT.exists],
  ['E_IDENTITY_EXISTS', EXIT.exists],
  ['E_IDENTITY', EXIT.data],
  ['E_KEYSTORE', EXIT.data],
  ['E_BACKUP', EXIT.data],
  ['E_DATA', EXIT.data],
  ['E_OUTPUT', EXIT.inputOutput],
];

/** What `chorus --help` says of them. */
export const EXIT_HELP = [
  'Exit codes: 0 done, 1 failed or a check failed, 64 wrong usage, 65 bad data, 69 something needed does not',
  'answer or is missing, 70 a fault of chorus, 73 it exists and is left alone, 74 a file or the output cannot be',
  'read or written, 75 not now, 77 password, 78 configuration, 130 interrupted.',
].join('\n');

/** The user interrupted: nothing to report. */
export class Interrupted extends Error {}

/** With what a process ends after this error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (!(error instanceof ChorusError) || error.code === 'E_UNEXPECTED') return EXIT.internal;
  return CODES.find(([prefix]) => error.code.startsWith(prefix))?.[1] ?? EXIT.failed;
}

/** End the process once everything printed has been handed over; a pipe may take its time. */
export async function finish(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
}

/** What a person can do about what the system says. */
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'check who owns it, and as whom the command runs',
  EPERM: 'check who owns it, and as whom the command runs',
  EDQUOT: 'make room, or choose another place',
  EISDIR: 'give a file',
  EMFILE: 'raise the limit: ulimit -n 4096',
  ENOENT: 'check the spelling',
  ENOSPC: 'make room, or choose another place',
  ENOTDIR: 'check the spelling',
  EROFS: 'choose another place',
};

/**
 * Any error as one of ours: one of the system gets words and what to do; anything else is a fault of chorus, whose
 * stack is shown to who asks for it (`CHORUS_DEBUG=1`).
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
    // Where it cannot be written either, the exit code tells.
    try {
      write(process.stderr, `${colors.red('error')} ${errorText(error)}\n`);
    } catch {}
  }
  process.exit(exitCodeOf(error instanceof Interrupted ? error : asChorusError(error)));
}

/** Have wrong usage of a command, or of one below it, end with {@link EXIT.usage}. */
export function checkUsage(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help says more)');
  for (const below of command.commands) checkUsage(below);
  return command;
}
