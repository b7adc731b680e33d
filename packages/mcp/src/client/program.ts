import { type ChildProcess, spawn } from 'node:child_process';
import { inheritedEnvironment, killOnExit } from '@chorus/utils';

/** Variables that foreign programs expect more than others. */
const EXPECTED = /^(?:USER|SHELL|TERM|NODE_EXTRA_CA_CERTS)$/i;

/**
 * Starts the program, and ends its whole group when the descriptor 3 is closed, which the system does even if this process
 * is killed. The program itself gets no descriptor 3.
 */
const SUPERVISOR = `exec 4<&0
"$0" "$@" <&4 3<&- 4<&- &
program=$!
exec 4<&- </dev/null
(read -r nothing <&3; kill -KILL -$$) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait $program
status=$?
kill $watch
exit $status`;

export interface Program {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  folder: string;
}

/**
 * Starts a foreign program in a process group of its own, with little of the environment. It and what it has started are
 * killed when this process ends, however that ends; on Windows only if it ends by itself.
 */
export function startProgram({ command, args, env, folder }: Program): ChildProcess {
  const isWindows = process.platform === 'win32';
  const child = spawn(
    isWindows ? command : '/bin/sh',
    isWindows ? [...args] : ['-c', SUPERVISOR, command, ...args],
    {
      cwd: folder,
      env: { ...inheritedEnvironment(EXPECTED), ...env },
      stdio: isWindows ? ['pipe', 'pipe', 'pipe'] : ['pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own: a terminal's Ctrl-C stops an answer, not the server.
      detached: !isWindows,
      windowsHide: true,
    },
  );
  killOnExit(child, killGroup);
  // Whatever it has started ends with it.
  child.once('exit', () => killGroup(child));
  // Its other end is closed by the supervisor when the program has ended.
  child.stdio[3]?.on('error', () => {});
  return child;
}

/** Ends a program and what it has started. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
