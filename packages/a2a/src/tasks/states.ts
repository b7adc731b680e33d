import { TaskState } from '@a2a-js/sdk';

/** States in which the agent has something to do, as a list for SQL. All others end or pause a task. */
export const ACTIVE_SQL = [TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING].join(', ');

/** States that end a task. */
export const ENDED: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_CANCELED,
  TaskState.TASK_STATE_REJECTED,
]);
