import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHORUS = fileURLToPath(new URL('../../bin/chorus.js', import.meta.url));

/** The command line that runs the command from its sources. */
export const chorusCommand = (args: readonly string[]): { command: string; args: string[] } => ({
  command: process.execPath,
  args: ['--conditions=@chorus/source', CHORUS, ...args],
});

/** How a command ended, and what it wrote. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Start the command from its sources, as a process of its own without a terminal; `input` is its standard input. */
export function startChorus(
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'> = {},
  input?: string,
): ChildProcess {
  const chorus = chorusCommand(args);
  const child = spawn(chorus.command, chorus.args, {
    ...options,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  return child;
}

/** Wait until the process has ended. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (data) => {
    stdout += data;
  });
  child.stderr?.on('data', (data) => {
    stderr += data;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr: withoutWaits(stderr) };
}

/** Without the lines by which a command says that it still waits: how many there are depends on the machine. */
export const withoutWaits = (stderr: string): string =>
  stderr.replace(/^.*\d+ (s|min) so far.*\) \.\.\.\n/gm, '');
