import { TaskState } from '@a2a-js/sdk';

/** States in which the agent has something to do. All others end or pause a task. */
const ACTIVE = new Set([TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING]);

const FINAL = new Set([
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_CANCELED,
  TaskState.TASK_STATE_REJECTED,
]);

export const isActive = (state: TaskState): boolean => ACTIVE.has(state);
export const isFinal = (state: TaskState): boolean => FINAL.has(state);
