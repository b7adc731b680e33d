import { eventText } from '../format/event-text.ts';

/** What the event stream carries, as far as every reader can rely on it. */
export interface Told {
  id: string;
  at: number;
  event: { type: string } & Record<string, unknown>;
}

/** A line of the log. */
export interface Entry {
  id: string;
  at: number;
  level: 'info' | 'warning';
  text: string;
  task: string | null;
}

/** What the node does in a task at this moment. */
export interface Activity {
  round: number;
  stage: string;
  /** 0 to 1; null if unknown. */
  fraction: number | null;
  since: number;
}

/** What the stream has said so far. */
export interface Live {
  /** The newest first. */
  entries: readonly Entry[];
  /** By task. */
  activity: Readonly<Record<string, Activity>>;
  /** Grows with each event after which what was read from the node is old. */
  version: number;
}

/** Lines that the page remembers; a node reports a few in a minute. */
const MOST_ENTRIES = 500;

export const NOTHING: Live = { entries: [], activity: {}, version: 0 };

/** The state after one more event. Kinds that this version does not know become lines, and change nothing else. */
export function reduceLive(live: Live, { id, at, event }: Told): Live {
  const activity = activityAfter(live.activity, event, at);
  // Progress comes twice a second, and says nothing that stays.
  if (event.type === 'progress') return { ...live, activity };
  const text = eventText(event);
  const task = typeof event.taskId === 'string' ? event.taskId : null;
  const isWarning =
    typeof event.code === 'string' && event.type !== 'condition-ended' && event.type !== 'resumed';
  const entry: Entry = { id, at, level: isWarning ? 'warning' : 'info', text, task };
  return { entries: [entry, ...live.entries].slice(0, MOST_ENTRIES), activity, version: live.version + 1 };
}

function activityAfter(before: Live['activity'], event: Told['event'], at: number): Live['activity'] {
  const { type, taskId, round, stage, fraction } = event;
  if (typeof taskId !== 'string') return before;
  if ((type === 'stage-started' || type === 'progress') && typeof stage === 'string') {
    const known = before[taskId];
    const since = known?.stage === stage && known.round === round ? known.since : at;
    const done = typeof fraction === 'number' ? fraction : null;
    return { ...before, [taskId]: { round: Number(round), stage, fraction: done, since } };
  }
  if (!['stage', 'round-ended', 'task-ended', 'left'].includes(type) || !(taskId in before)) return before;
  const { [taskId]: _, ...others } = before;
  return others;
}
