import { TaskState } from '@a2a-js/sdk';
import {
  DefaultExecutionEventBusManager,
  type ExecutionEventBus,
  type ServerCallContext,
} from '@a2a-js/sdk/server';
import { ownerOf } from '../tasks/task-store.ts';

/** Tasks whose subscribers still wait for what comes after the caller's answer. */
const MAX_KEPT = 1_000;

/**
 * Where the events of each task go. A task that waits for its caller keeps its subscribers, so that they see how it
 * goes on; of those that wait too long, the oldest lose them.
 */
export class Buses extends DefaultExecutionEventBusManager {
  readonly #kept = new Map<string, () => void>();

  constructor() {
    super(ownerOf);
  }

  override createOrGetByTaskId(taskId: string, context?: ServerCallContext): ExecutionEventBus {
    this.#kept.delete(taskId);
    return super.createOrGetByTaskId(taskId, context);
  }

  settleByTaskId(
    taskId: string,
    bus: ExecutionEventBus,
    lastState: TaskState | undefined,
    context: ServerCallContext,
  ): boolean {
    const end = () => {
      this.#kept.delete(taskId);
      bus.finished();
      this.cleanupByTaskId(taskId, context);
    };
    if (lastState !== TaskState.TASK_STATE_INPUT_REQUIRED) {
      end();
      return true;
    }
    this.#kept.set(taskId, end);
    if (this.#kept.size > MAX_KEPT) this.#kept.values().next().value?.();
    return true;
  }
}
