import {
  because,
  debug,
  type EventCatalogue,
  info,
  type LogMessage,
  type LogMessageOptions,
  secondsText,
  type Told,
  warn,
  withoutNumbers,
} from '@chorus/node';
import type { Stage, TrainingEvent } from './training-events.ts';

const DOING: Readonly<Record<Stage, string>> = {
  train: 'training',
  commit: 'committing to the update',
  reference: 'computing the reference update',
  aggregate: 'fetching and weighing the updates',
  prove: 'proving the round',
  settle: 'settling on chain',
  recompute: 'computing the next model',
};

const DONE: Readonly<Record<Stage, string>> = {
  train: 'trained',
  commit: 'committed to its vector',
  reference: 'computed the reference update',
  aggregate: 'weighed the updates',
  prove: 'proved the round',
  settle: 'settled on chain',
  recompute: 'computed the next model',
};

const PUBLISHING: Readonly<Record<'check' | 'escrow', string>> = {
  check: 'checking terms, model and wallet balance',
  escrow: 'escrowing the budget on chain',
};

/** Between two events of progress in the stream: it comes many times a second. */
const PROGRESS_MILLISECONDS = 500;

/** The events of training. */
export const TRAINING_EVENTS: EventCatalogue<TrainingEvent> = {
  'task-refused': {
    message: (event) => warn(`Did not join task ${event.taskId}: ${because(event)}`),
    repeats: (event) => `refused ${event.taskId} ${event.code} ${withoutNumbers(event.message)}`,
  },
  joined: { message: ({ taskId }) => info(`Joined task ${taskId}.`) },
  publishing: { message: ({ step }) => info(`Publishing a task: ${PUBLISHING[step] ?? step}.`) },
  published: { message: ({ taskId }) => info(`Published task ${taskId}.`) },
  'publication-failed': {
    message: (event) => warn(`Did not publish a task, and escrowed nothing: ${because(event)}`),
  },
  'task-cancelled': {
    message: (event, options) =>
      warn(
        `Cancelled task ${event.taskId} before it began, and ${amount(event.refunded, event, options)} was refunded: this node cannot follow it. ${because(event)}`,
      ),
  },
  left: {
    message: ({ taskId }) =>
      info(
        `Left task ${taskId}: this node does no more work for it; its stake is released when the task has ended.`,
      ),
  },
  committed: { message: (event) => info(`${where(event)}: the update is on chain.`) },
  'stage-started': { message: (event) => debug(`${where(event)}: ${DOING[event.stage] ?? event.stage}.`) },
  stage: {
    message: (event) =>
      info(
        `${where(event)}: ${DONE[event.stage] ?? event.stage} in ${secondsText(event.seconds)}${event.detail ? ` (${event.detail})` : ''}.`,
      ),
  },
  progress: {
    message: (event) =>
      debug(`${where(event)}: ${DOING[event.stage] ?? event.stage}, ${Math.floor(100 * event.fraction)} %.`),
    sampled: {
      milliseconds: PROGRESS_MILLISECONDS,
      key: ({ taskId, round, stage }) => `${taskId}:${round}:${stage}`,
      ends: ({ fraction }) => fraction >= 1,
    },
  },
  scores: {
    message: (event) =>
      info(`${where(event)}: ${event.reasons.map((reason, i) => `trainer ${i + 1}: ${reason}`).join(' ')}`),
  },
  'payload-refused': {
    message: (event) =>
      warn(`${where(event)}: excluded the payload of ${event.author} (${event.code}): ${event.message}`),
  },
  model: { message: (event) => info(`${where(event)}: the model is now ${event.digest.slice(0, 18)}...`) },
  'round-ended': { message: roundEnded },
  'task-ended': { message: taskEnded },
};

type Find<T extends TrainingEvent['type']> = Told<Extract<TrainingEvent, { type: T }>>;

/** Weight and share are of 2^16 and 2^32. */
function roundEnded(event: Find<'round-ended'>, options: LogMessageOptions): LogMessage {
  if (event.outcome === 'void') {
    return warn(`${where(event)} ended without a settlement: nothing was paid.`);
  }
  const earned = BigInt(event.reward) + BigInt(event.fee);
  const parts =
    event.weight === null || event.share === null
      ? ''
      : `, weight ${percent(event.weight / 65536)}, share ${percent(event.share / 2 ** 32)}`;
  const paid = earned > 0n ? `earned ${amount(earned, event, options)}` : 'earned nothing';
  return info(`${where(event)} is settled${parts}: ${paid}. ${event.reason}`);
}

function taskEnded(event: Find<'task-ended'>, options: LogMessageOptions): LogMessage {
  const claimed =
    BigInt(event.claimed) > 0n ? `, and this node claimed ${amount(event.claimed, event, options)}` : '';
  const opens = event.opensCommitment
    ? 'The model opens the commitments on chain.'
    : 'The model of this node does not open the commitments on chain: do not use it.';
  const parts = [
    `Task ${event.taskId} has ended${claimed}.`,
    event.left ? 'This node left it earlier, so it has no model of it.' : opens,
    event.modelCid ? `The final model is ${event.modelCid}.` : '',
  ];
  const text = parts.filter(Boolean).join(' ');
  return { level: event.opensCommitment || event.left ? 'info' : 'warn', text };
}

/** Nodes of earlier versions do not say the decimals. */
const amount = (
  value: bigint | string,
  { decimals = null }: { decimals?: number | null },
  options: LogMessageOptions,
) => options.amount?.(String(value), decimals) ?? String(value);

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;

const where = ({ taskId, round }: { taskId: bigint | string; round: number }) =>
  `Task ${taskId}, round ${round}`;
