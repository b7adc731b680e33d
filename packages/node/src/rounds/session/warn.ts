import { explain } from '@chorus/protocol';
import type { TaskSession } from './task-session.ts';

/** Report what failed in a task, with the task; not once the session ends. */
export function warn(
  { taskId, emit, signal }: Pick<TaskSession, 'taskId' | 'emit' | 'signal'>,
  error: unknown,
): void {
  if (!signal.aborted) emit({ type: 'warning', taskId, ...explain(error) });
}
