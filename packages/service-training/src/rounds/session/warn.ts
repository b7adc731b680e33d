import { explain } from '@chorus/protocol';
import type { TaskSession } from './task-session.ts';

/** Report a failure in a task, with the task's id; does nothing once the session has ended. */
export function warn(
  { taskId, emit, signal }: Pick<TaskSession, 'taskId' | 'emit' | 'signal'>,
  error: unknown,
): void {
  if (!signal.aborted) emit({ type: 'warning', subject: `Task ${taskId}`, taskId, ...explain(error) });
}
