import type { EventJson, TaskDetail } from '@chorus/node/admin';
import { ChorusError, errorClass, hasCode } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import { duration } from '../output/units.ts';
import type { Heartbeat } from './heartbeat.ts';

/** Milliseconds between two looks at a task. */
const LOOK_MILLISECONDS = 2_000;

/** Milliseconds in which a node finishes what is left of a task that has ended on chain, before it is not waited for. */
const FINISH_MILLISECONDS = 60_000;

/** What of a task says how far it is. */
export type TaskView = Pick<TaskDetail, 'id' | 'status' | 'round' | 'rounds' | 'deadline' | 'waitsFor'>;

/** What is waited for where a node does not answer. */
export const ASLEEP = 'the node does not answer: it may be asleep, or busy; waiting for it';

/** Failures that asking again does not change. */
function isFinal(error: ChorusError): boolean {
  const { category } = errorClass(error.code);
  return (
    category === 'permission' ||
    category === 'refused' ||
    hasCode(error, 'E_ADMIN_NOT_RUNNING') ||
    hasCode(error, 'E_ADMIN_RESPONSE')
  );
}

/** Where something stands that is followed. */
export interface Standing {
  ended: boolean;
  /** What is waited for. */
  what: string;
  /** For how long at most, as it is when it is read; empty where that is not known. */
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
    : 'its time is over, and anyone may end it';
}

export interface Followed {
  taskId: string;
  /** How far the task is. */
  look: () => Promise<Standing>;
  /** Resolves once the one who follows it says that it is over; rejects where that cannot be known any more. */
  ended: Promise<void>;
  beat: Heartbeat;
  signal: AbortSignal;
}

/**
 * Say how far a task is until it is over, or the signal aborts. A node that does not answer is waited for.
 * @throws ChorusError what `ended` rejects with; `E_ADMIN_NOT_RUNNING` and the like
 */
export async function follow({ taskId, look, ended, beat, signal }: Followed): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const looking = (async () => {
    while (!either.aborted) {
      if (await hasEnded(look, beat, either)) {
        beat.waitFor(`task ${taskId} has ended; the node checks its model and collects what it is owed`);
        return pause(FINISH_MILLISECONDS, either);
      }
      await pause(LOOK_MILLISECONDS, either);
    }
  })();
  // Whichever is second is wanted by nobody.
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
        : `the node does not know how far the task is (${error.code}); asking again`,
    );
    return false;
  }
}

/** Whether an event ends what is to be seen of a task. */
export function isEnd(
  event: EventJson | { type: 'gap' },
  taskId: string,
): event is Extract<EventJson, { type: 'task-ended' }> {
  return event.type === 'task-ended' && String(event.taskId) === taskId;
}
