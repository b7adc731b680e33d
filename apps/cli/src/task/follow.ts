import type { TaskDetail } from '@chorus/admin-api';
import { ChorusError, errorClass, hasCode } from '@chorus/protocol';
import type { EventJson } from '@chorus/service-training';
import { pause } from '@chorus/utils';
import type { Heartbeat } from '../output/heartbeat.ts';
import { duration } from '../output/units.ts';

/** Interval for polling a task, ms. */
const LOOK_MILLISECONDS = 2_000;

/**
 * Time that a node has to finish its work for a task that has ended on chain; after it, this command no longer
 * waits. Milliseconds.
 */
const FINISH_MILLISECONDS = 60_000;

/** The fields of a task that show its progress. */
export type TaskView = Pick<TaskDetail, 'id' | 'status' | 'round' | 'rounds' | 'deadline' | 'waitsFor'>;

/** Text while the node does not answer. */
export const ASLEEP = 'the node does not answer: it may be asleep or busy; waiting';

/** Errors that a retry does not change. */
function isFinal(error: ChorusError): boolean {
  const { category } = errorClass(error.code);
  return (
    category === 'permission' ||
    category === 'refused' ||
    hasCode(error, 'E_ADMIN_NOT_RUNNING') ||
    hasCode(error, 'E_ADMIN_RESPONSE')
  );
}

/** State of what is followed. */
export interface Standing {
  ended: boolean;
  /** What the followed task waits for. */
  what: string;
  /** The longest remaining wait, computed when read; empty if unknown. */
  until: () => string;
}

/** What a task waits for, and how long at most. */
export function waitingFor(task: TaskView): Standing {
  const round = task.status === 'running' ? `, round ${task.round} of ${task.rounds},` : '';
  return {
    ended: task.status === 'ended',
    what: `task ${task.id}${round} waits for ${task.waitsFor ?? 'the chain'}`,
    until: () => (task.deadline === null ? '' : timeLeft(Date.parse(task.deadline) - Date.now())),
  };
}

function timeLeft(milliseconds: number): string {
  return milliseconds > 0
    ? `at most ${duration(milliseconds / 1000)} more`
    : 'its deadline has passed, and anyone may end it';
}

export interface Followed {
  taskId: string;
  /** Progress of the task. */
  look: () => Promise<Standing>;
  /** Resolves once the caller reports the end; rejects if the end can no longer be known. */
  ended: Promise<void>;
  beat: Heartbeat;
  signal: AbortSignal;
}

/**
 * Report the progress of a task until it is over, or the signal aborts. Waits while a node does not answer.
 * @throws ChorusError what `ended` rejects with; `E_ADMIN_NOT_RUNNING` and the like
 */
export async function follow({ taskId, look, ended, beat, signal }: Followed): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const looking = (async () => {
    while (!either.aborted) {
      if (await hasEnded(look, beat, either)) {
        beat.waitFor(`task ${taskId} has ended; the node checks its model and collects its rewards`);
        return pause(FINISH_MILLISECONDS, either);
      }
      await pause(LOOK_MILLISECONDS, either);
    }
  })();
  // The slower of the two is no longer needed.
  ended.catch(() => {});
  looking.catch(() => {});
  try {
    await Promise.race([ended, looking]);
  } finally {
    over.abort();
    beat.stop();
  }
}

async function hasEnded(
  look: () => Promise<Standing>,
  beat: Heartbeat,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { ended, what, until } = await look();
    if (!ended && !signal.aborted) beat.waitFor(what, until);
    return ended;
  } catch (error) {
    if (signal.aborted) return false;
    if (!(error instanceof ChorusError) || isFinal(error)) throw error;
    beat.waitFor(
      error.code === 'E_ADMIN_UNREACHABLE'
        ? ASLEEP
        : `the node does not know the progress of the task (${error.code}); asking again`,
    );
    return false;
  }
}

/** Whether a task has no more events after this one. */
export function isEnd(
  event: EventJson | { type: 'gap' },
  taskId: string,
): event is Extract<EventJson, { type: 'task-ended' }> {
  return event.type === 'task-ended' && String(event.taskId) === taskId;
}
