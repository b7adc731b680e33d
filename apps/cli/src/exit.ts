import { ChorusError, describeError } from '@chorus/protocol';
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
  /** Something is there already, and is left alone, or cannot be written. */
  exists: 73,
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
  ['E_PASSWORD', EXIT.permission],
  ['E_ADMIN_UNAUTHORIZED', EXIT.permission],
  ['E_ADMIN_NOT_RUNNING', EXIT.unavailable],
  ['E_ADMIN_UNREACHABLE', EXIT.unavailable],
  ['E_CHAIN_UNREACHABLE', EXIT.unavailable],
  ['E_CHAIN_DEVNET_UNSUPPORTED', EXIT.unavailable],
  ['E_NODE_BUSY', EXIT.later],
  ['E_ADMIN_BUSY', EXIT.later],
  ['E_PUBLICATION_OPEN', EXIT.later],
  ['E_PUBLICATION_OTHER', EXIT.exists],
  ['E_STORE_LOCKED', EXIT.later],
  ['E_EXISTS', EXIT.exists],
  ['E_IDENTITY_EXISTS', EXIT.exists],
  ['E_IDENTITY', EXIT.data],
  ['E_KEYSTORE', EXIT.data],
  ['E_BACKUP', EXIT.data],
  ['E_DATA', EXIT.data],
  ['E_OUTPUT', EXIT.exists],
];

/** What `chorus --help` says of them. */
export const EXIT_HELP = [
  'Exit codes: 0 done, 1 failed or a check failed, 64 wrong usage, 65 bad data, 69 something needed does not',
  'answer or is missing, 73 it exists and is left alone or cannot be written, 75 not now, 77 password, 78 configuration,',
  '130 interrupted.',
].join('\n');

/** The user interrupted: nothing to report. */
export class Interrupted extends Error {}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (!(error instanceof ChorusError)) return EXIT.failed;
  return CODES.find(([prefix]) => error.code.startsWith(prefix))?.[1] ?? EXIT.failed;
}

/** End the process once everything printed has been handed over; a pipe may take its time. */
export async function finish(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
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
    ...(root && root !== error && !root.message.includes('\n')
      ? [`  ${colors.dim(`because: ${root.message}`)}`]
      : []),
    ...(error.hint ? [`-> ${error.hint}`] : []),
  ].join('\n');
}

/** Print an error for a person and end the process with its exit code. */
export function reportAndExit(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  if (!(error instanceof Interrupted)) {
    const text = error instanceof ChorusError ? textOf(error) : String((error as Error).stack ?? error);
    write(process.stderr, `${colors.red('error')} ${text}\n`);
  }
  process.exit(exitCodeOf(error));
}

/** Have wrong usage of a command, or of one below it, end with {@link EXIT.usage}. */
export function checkUsage(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help says more)');
  for (const below of command.commands) checkUsage(below);
  return command;
}
