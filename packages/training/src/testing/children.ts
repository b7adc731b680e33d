import { readdirSync, readFileSync } from 'node:fs';

/** The fields of /proc/<pid>/stat that follow the name: state, ppid, ... (proc(5), from field 3 on). */
function statistics(pid: number): string[] {
  // pid (name) state ppid ...; the name may hold anything.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Time that a process has computed as a user, in ticks: hundredths of a second on Linux. */
export function cpuTicks(pid: number): number {
  return Number(statistics(pid)[11]);
}

/** Ids of the processes of models that a process has started (Linux). */
export function modelProcesses(parent = process.pid): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const ppid = Number(statistics(pid)[1]);
        return ppid === parent && /process\/host\.[jt]s/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
      } catch {
        return false;
      }
    });
}

/** Resolves when a condition holds; checks ten times a second. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 100));
}
