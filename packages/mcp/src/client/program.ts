import { type ChildProcess, spawn } from 'node:child_process';

/** Variables that programs need; they are given no other, such as the keys of models or what is the node's own. */
const INHERITED =
  /^(?:PATH|HOME|USER|SHELL|TERM|TMPDIR|TEMP|TMP|SystemRoot|LANG|LC_.*|NODE_EXTRA_CA_CERTS)$/i;

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

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) killGroup(child);
});

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
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  const isWindows = process.platform === 'win32';
  const child = spawn(
    isWindows ? command : '/bin/sh',
    isWindows ? [...args] : ['-c', SUPERVISOR, command, ...args],
    {
      cwd: folder,
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: isWindows ? ['pipe', 'pipe', 'pipe'] : ['pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own: a terminal's Ctrl-C stops an answer, not the server.
      detached: !isWindows,
      windowsHide: true,
    },
  );
  running.add(child);
  child.once('error', () => running.delete(child));
  // Whatever it has started ends with it.
  child.once('exit', () => killGroup(child));
  child.once('close', () => running.delete(child));
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
