import { setTimeout as delay } from 'node:timers/promises';
import type { AdminAccess, AdminClient, StreamedEvent, TaskDetail } from '@chorus/admin-api';
import { ChorusError, hasCode } from '@chorus/protocol';
import type { EventJson } from '@chorus/service-training';
import { logMessageOf } from '@chorus/service-training/log-messages';
import { isAlive } from '@chorus/utils';
import colors from 'yoctocolors';
import { shellWord } from '../environment/environment.ts';
import { Interrupted } from '../environment/exit.ts';
import { parseTask } from '../inspect/open.ts';
import { Heartbeat } from '../output/heartbeat.ts';
import { write, writeJson } from '../output/terminal.ts';
import { amount } from '../output/units.ts';
import { ASLEEP, follow, isEnd, type Standing, waitingFor } from './follow.ts';
import { endLines } from './task-end.ts';

/** A node of this machine, observed while it may end. */
export type WatchedNode = AdminClient<EventJson> & { access: AdminAccess; home: string };

export interface WatchOptions {
  task: string | undefined;
  json: boolean;
}

/** Print what a node does until Ctrl-C, the end of the node, or the end of the watched task. */
export async function watchNode(node: WatchedNode, { task, json }: WatchOptions): Promise<void> {
  const taskId = task === undefined ? undefined : parseTask(task).toString();
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => abort.abort(new Interrupted()));
  const dimly = (text: string) => {
    if (!json) write(process.stderr, `${colors.dim(text)}\n`);
  };
  const beat = new Heartbeat(dimly);
  const { signal } = abort;
  const told = (id: string) => patiently(node, id, { beat, signal }, () => node.task(id));
  beat.expect('asking the node');
  if (taskId !== undefined) {
    const first = await told(taskId);
    if (first.status === 'ended') return tellEnd(first, node, json);
  }
  dimly('showing new events; Ctrl-C ends this command, not the node');
  const ended = (async () => {
    const events = node.events({ signal, ...(taskId === undefined ? {} : { task: taskId }) });
    for await (const streamed of events) {
      if (json) writeJson(JSON.stringify(streamed));
      else if (streamed.event.type !== 'progress') {
        write(process.stdout, `${eventLine(streamed)}\n`);
        beat.told();
      }
      if (taskId !== undefined && isEnd(streamed.event, taskId)) return;
    }
  })();
  const look = () => lookAt(node, taskId);
  await follow({ taskId: taskId ?? '', look, ended, beat, signal });
  if (taskId !== undefined && !signal.aborted) tellEnd(await told(taskId), node, json);
  abort.abort();
}

/** Progress of the named task, else of all tasks the node follows. */
async function lookAt(node: WatchedNode, taskId: string | undefined): Promise<Standing> {
  return answering(node, taskId, async () => {
    if (taskId !== undefined) return waitingFor(await node.task(taskId));
    const [task] = (await node.tasks()).tasks.filter(({ status }) => status !== 'ended');
    if (task) return { ...waitingFor(await node.task(task.id)), ended: false };
    return {
      ended: false,
      what: 'no task is followed: waiting for one that fits this node',
      until: () => '',
    };
  });
}

/**
 * The answer of a node; a node whose process has ended never answers.
 * @throws ChorusError `E_ADMIN_NOT_RUNNING`
 */
export async function answering<T>(
  { access, home }: Pick<WatchedNode, 'access' | 'home'>,
  taskId: string | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!hasCode(error, 'E_ADMIN_UNREACHABLE') || isAlive(access.pid)) throw error;
    throw new ChorusError('E_ADMIN_NOT_RUNNING', 'the node has ended', {
      facts: { pid: access.pid },
      hint:
        taskId === undefined
          ? `start it again: chorus start --home ${shellWord(home)}`
          : `task ${taskId} is continued by its other members; chorus start --home ${shellWord(home)} resumes it, and chorus task watch ${taskId} --home ${shellWord(home)} shows it`,
      cause: error,
    });
  }
}

/** Delay before asking a node again that did not answer, ms. */
const AGAIN_MILLISECONDS = 1_000;

/**
 * The answer of a node, however long it sleeps.
 * @throws ChorusError `E_ADMIN_NOT_RUNNING`; the signal's reason once it aborts
 */
export async function patiently<T>(
  node: Pick<WatchedNode, 'access' | 'home'>,
  taskId: string | undefined,
  { beat, signal }: { beat: Heartbeat; signal: AbortSignal },
  ask: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await answering(node, taskId, ask);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ChorusError) || error.code !== 'E_ADMIN_UNREACHABLE') throw error;
      beat.waitFor(ASLEEP);
      await delay(AGAIN_MILLISECONDS);
    }
  }
}

function tellEnd(task: TaskDetail, { home }: WatchedNode, json: boolean): void {
  const { id: taskId, round, rounds, owner, decimals } = task;
  const remaining = owner ? task.remaining : null;
  if (json) writeJson(JSON.stringify({ taskId, outcome: 'ended', rounds: round, remaining }));
  else {
    for (const line of endLines({ taskId, round, rounds, home, remaining, decimals })) {
      write(process.stdout, `${line}\n`);
    }
  }
}

const MARK = {
  debug: colors.dim('·'),
  info: colors.green('•'),
  warn: colors.yellow('!'),
  error: colors.red('✘'),
};

/** Time, mark and sentence. */
export function eventLine({ at, event }: Pick<StreamedEvent<EventJson>, 'at' | 'event'>): string {
  const { level, text } = logMessageOf(event, {
    amount: (units, decimals) =>
      decimals === null ? `${units} of the token's smallest unit` : `${amount(units, decimals)} tokens`,
  });
  const time = new Date(at).toTimeString().slice(0, 8);
  return `${colors.dim(time)} ${MARK[level]} ${level === 'debug' ? colors.dim(text) : text}`;
}
