import type { Gap } from '@chorus/admin-api';
import { bigintAsText, type Explanation, plainLine } from '@chorus/protocol';
import type { EventJson } from '../events/event-schema.ts';
import type { NodeEvent, Stage } from '../events/events.ts';

/** Severity of a line. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface LogMessage {
  level: Level;
  text: string;
}

export interface LogMessageOptions {
  /** Formats an amount in the token's smallest unit; `decimals` of the token, null if unknown. By default unchanged. */
  amount?: (amount: string, decimals: number | null) => string;
}

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

/**
 * An event as a sentence that needs no knowledge of the code. Takes events as the node emits them, and
 * as the event stream of the admin API carries them.
 *
 * @example
 * const { level, text } = logMessageOf(event);
 */
export function logMessageOf(
  event: NodeEvent | EventJson | Gap,
  options: LogMessageOptions = {},
): LogMessage {
  const { level, text } = wordsFor(event, options);
  return { level, text: plainLine(text) };
}

function wordsFor(event: NodeEvent | EventJson | Gap, options: LogMessageOptions): LogMessage {
  // Nodes of earlier versions do not say the decimals.
  const decimals = 'decimals' in event ? event.decimals : null;
  const amount = (value: bigint | string) => options.amount?.(String(value), decimals) ?? String(value);
  switch (event.type) {
    case 'ready':
      return info(`Ready as ${event.address}, peer ${event.peerId}${listening(event.multiaddrs)}.`);
    case 'task-refused':
      return { level: 'warn', text: `Did not join task ${event.taskId}: ${because(event)}` };
    case 'joined':
      return info(`Joined task ${event.taskId}.`);
    case 'publishing':
      return info(`Publishing a task: ${PUBLISHING[event.step] ?? event.step}.`);
    case 'published':
      return info(`Published task ${event.taskId}.`);
    case 'publication-failed':
      return {
        level: 'warn',
        text: `Did not publish a task, and escrowed nothing: ${because(event)}`,
      };
    case 'task-cancelled':
      return {
        level: 'warn',
        text: `Cancelled task ${event.taskId} before it began, and ${amount(event.refunded)} was refunded: this node cannot follow it. ${because(event)}`,
      };
    case 'left':
      return info(
        `Left task ${event.taskId}: this node does no more work for it; its stake is released when the task has ended.`,
      );
    case 'committed':
      return info(`${where(event)}: the update is on chain.`);
    case 'stage-started':
      return { level: 'debug', text: `${where(event)}: ${DOING[event.stage] ?? event.stage}.` };
    case 'stage':
      return info(
        `${where(event)}: ${DONE[event.stage] ?? event.stage} in ${seconds(event.seconds)}${event.detail ? ` (${event.detail})` : ''}.`,
      );
    case 'progress':
      return {
        level: 'debug',
        text: `${where(event)}: ${DOING[event.stage] ?? event.stage}, ${Math.floor(100 * event.fraction)} %.`,
      };
    case 'scores':
      return info(
        `${where(event)}: ${event.reasons.map((reason, i) => `trainer ${i + 1}: ${reason}`).join(' ')}`,
      );
    case 'payload-refused':
      return {
        level: 'warn',
        text: `${where(event)}: excluded the payload of ${event.author} (${event.code}): ${event.message}`,
      };
    case 'model':
      return info(`${where(event)}: the model is now ${event.digest.slice(0, 18)}...`);
    case 'round-ended':
      return roundSentence(event, amount);
    case 'task-ended':
      return {
        level: event.opensCommitment || event.left ? 'info' : 'warn',
        text: [
          BigInt(event.claimed) > 0n
            ? `Task ${event.taskId} has ended, ${amount(event.claimed)} was claimed.`
            : `Task ${event.taskId} has ended.`,
          event.left
            ? 'This node left it earlier, so it has no model of it.'
            : event.opensCommitment
              ? 'The model opens the commitments on chain.'
              : 'The model of this node does not open the commitments on chain: do not use it.',
          event.modelCid ? `The final model is ${event.modelCid}.` : '',
        ]
          .filter(Boolean)
          .join(' '),
      };
    case 'paused':
      return { level: 'warn', text: `Paused, not accepting new work: ${event.message}${advice(event)}` };
    case 'resumed':
      return info('Accepting new work again.');
    case 'peer-connected':
      return {
        level: 'debug',
        text: `Connected to peer ${event.peerId} (${event.direction}, ${event.address}).`,
      };
    case 'peer-disconnected':
      return { level: 'debug', text: `The connection to peer ${event.peerId} has ended.` };
    case 'peer-banned':
      return {
        level: 'warn',
        text: `Peer ${event.peerId} is banned ${event.until === null ? 'permanently' : `until ${new Date(event.until).toISOString()}`}: ${event.reason}.`,
      };
    case 'condition-began':
      return {
        level: 'warn',
        text: `${capital(event.message)}${advice(event)} (${event.code}).`,
      };
    case 'condition-ended':
      return info(`Resolved after ${seconds(event.seconds)}: ${event.message} (${event.code}).`);
    case 'stopping':
      return info('Shutting down: finishing or rolling back the current step.');
    case 'warning':
      return {
        level: 'warn',
        text: `${event.taskId === undefined ? '' : `Task ${event.taskId}: `}${because(event)}`,
      };
    case 'gap':
      return { level: 'warn', text: 'Some events were missed: the node no longer remembers them.' };
    default:
      return {
        level: 'debug',
        text: JSON.stringify(event, bigintAsText),
      };
  }
}

type RoundEnded = Extract<NodeEvent | EventJson, { type: 'round-ended' }>;

/** Weight and share are of 2^16 and 2^32. */
function roundSentence(event: RoundEnded, amount: (value: bigint | string) => string): LogMessage {
  if (event.outcome === 'void') {
    return { level: 'warn', text: `${where(event)} ended without a settlement: nothing was paid.` };
  }
  const earned = BigInt(event.reward) + BigInt(event.fee);
  const parts =
    event.weight === null || event.share === null
      ? ''
      : `, weight ${percent(event.weight / 65536)}, share ${percent(event.share / 2 ** 32)}`;
  const paid = earned > 0n ? `earned ${amount(earned)}` : 'earned nothing';
  return info(`${where(event)} is settled${parts}: ${paid}. ${event.reason}`);
}

const advice = ({ hint }: Pick<Explanation, 'hint'>) => (hint === null ? '' : ` - ${hint}`);

/** What went wrong, its code, and what to do next. */
const because = (why: Explanation) => `${why.code}: ${why.message}${advice(why)}`;

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;

const info = (text: string): LogMessage => ({ level: 'info', text });

const where = ({ taskId, round }: { taskId: bigint | string; round: number }) =>
  `Task ${taskId}, round ${round}`;

function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} s`;
  return value < 120 ? `${Math.round(value)} s` : `${(value / 60).toFixed(1)} min`;
}

function listening(addresses: string[]): string {
  return addresses.length > 0 ? `, listening on ${addresses.join(', ')}` : ', not listening on any address';
}
