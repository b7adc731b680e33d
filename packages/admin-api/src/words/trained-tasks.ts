import type { RoundSummary } from '../documents/rounds.ts';

/** Tasks whose royalties one request asks for. */
const MOST_TASKS = 100;

/** Tasks that a node has trained in, by its rounds, the newest first. */
export const trainedTasks = (rounds: readonly RoundSummary[]): string[] =>
  [...new Set(rounds.filter(({ trainer }) => trainer !== null).map(({ taskId }) => taskId))].slice(
    0,
    MOST_TASKS,
  );
