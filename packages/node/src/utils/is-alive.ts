/** Whether a process of that id runs, under any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It may not be signalled by this user, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
