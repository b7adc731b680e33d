/**
 * The process that reads one document of a stranger, and ends. It may not write files or start programs, and its parent ends
 * it when it passes a limit.
 */
import { ChorusError, reasonOf } from '@chorus/protocol';
import type { FromHost, ToHost } from './messages.ts';
import { readDocument } from './read-document.ts';

process.on('disconnect', () => process.exit());
// The agent decides when this process ends. A terminal signals all processes at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const answer = (message: FromHost) => process.send?.(message, () => process.exit());

process.once('message', async ({ kind, bytes }: ToHost) => {
  try {
    answer({ sections: await readDocument(kind, bytes) });
  } catch (error) {
    const isOurs = error instanceof ChorusError;
    answer({ message: reasonOf(error).slice(0, 500), hint: isOurs ? (error.hint ?? null) : null, isOurs });
  }
});
