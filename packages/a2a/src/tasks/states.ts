import { TaskState } from '@a2a-js/sdk';

/** States in which the agent has something to do. All others end or pause a task. */
const ACTIVE = new Set([TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING]);

export const isActive = (state: TaskState): boolean => ACTIVE.has(state);
