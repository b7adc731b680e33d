/** Whether a process with that id runs, under any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // This user may not signal the process, but it exists.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
