import { sentenceOf } from '@chorus/node';
import type { AdminClient, StreamedEvent } from '@chorus/node/admin';
import colors from 'yoctocolors';
import { amount } from '../node/status-view.ts';
import { write, writeJson } from '../terminal.ts';

export interface WatchOptions {
  task: string | undefined;
  json: boolean;
}

/** Print what a node does until Ctrl-C, the end of the node, or the end of the task that is watched. */
export async function watchNode(node: AdminClient, { task, json }: WatchOptions): Promise<void> {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  const events = node.events({
    signal: abort.signal,
    reconnect: false,
    ...(task === undefined ? {} : { task }),
  });
  if (!json) write(process.stderr, colors.dim('what happens from now on; Ctrl-C ends this, not the node\n'));
  for await (const streamed of events) {
    if (json) writeJson(JSON.stringify(streamed));
    else if (streamed.event.type !== 'progress') write(process.stdout, `${eventLine(streamed)}\n`);
    const { event } = streamed;
    if (event.type === 'task-ended' && task !== undefined && String(event.taskId) === task) break;
  }
  abort.abort();
}

const MARK = {
  debug: colors.dim('·'),
  info: colors.green('•'),
  warn: colors.yellow('!'),
  error: colors.red('✘'),
};

/** Time, mark and sentence. */
export function eventLine({ at, event }: Pick<StreamedEvent, 'at' | 'event'>): string {
  const { level, text } = sentenceOf(event, { amount: (units) => `${amount(units)} tokens` });
  const time = new Date(at).toTimeString().slice(0, 8);
  return `${colors.dim(time)} ${MARK[level]} ${level === 'debug' ? colors.dim(text) : text}`;
}
