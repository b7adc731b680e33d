import { shortAmount } from './amount.ts';
import { durationText, shortId } from './text.ts';

type Event = { type: string } & Record<string, unknown>;

/** An event in one sentence. A kind that is not listed is shown as it came: the node's own log has all in words. */
export function eventText(event: Event): string {
  const words = Object.hasOwn(WORDS, event.type) ? WORDS[event.type] : undefined;
  if (words) return words(event);
  if (typeof event.message === 'string') return problemText(event);
  const { type, ...more } = event;
  return `${type}: ${JSON.stringify(more).slice(0, 300)}`;
}

const at = ({ taskId, round }: Event) => `Task ${taskId}, round ${round}`;
const peer = ({ peerId }: Event) => shortId(String(peerId));

const problemText = ({ message, code, hint }: Event) =>
  `${message}${typeof code === 'string' ? ` (${code})` : ''}${typeof hint === 'string' ? `: ${hint}` : ''}`;

const WORDS: Readonly<Record<string, (event: Event) => string>> = {
  gap: () => 'Some events were missed: the node no longer remembers them.',
  ready: () => 'The node is ready.',
  stopping: () => 'The node stops.',
  paused: (e) => `The node accepts nothing new: ${problemText(e)}`,
  resumed: () => 'The node accepts new work again.',
  'condition-ended': (e) => `Over after ${durationText(Number(e.seconds))}: ${e.message}`,
  'peer-connected': (e) => `Peer ${peer(e)} connected (${e.direction}).`,
  'peer-disconnected': (e) => `Peer ${peer(e)} disconnected.`,
  'peer-banned': (e) => `Peer ${peer(e)} is banned: ${e.reason}`,
  joined: (e) => `Joined task ${e.taskId}.`,
  left: (e) => `Left task ${e.taskId}.`,
  'task-refused': (e) => `Did not join task ${e.taskId}: ${problemText(e)}`,
  published: (e) => `Published task ${e.taskId}.`,
  committed: (e) => `${at(e)}: the update is on chain.`,
  'stage-started': (e) => `${at(e)}: ${e.stage} began.`,
  stage: (e) =>
    `${at(e)}: ${e.stage} took ${durationText(Number(e.seconds))}${e.detail ? ` (${e.detail})` : ''}.`,
  model: (e) => `${at(e)}: this node has the new model.`,
  scores: (e) => `${at(e)}: the updates were weighed.`,
  'round-ended': (e) => {
    const sum = (units: unknown) => shortAmount(String(units), e.decimals as number | null);
    return `${at(e)} ${e.outcome === 'settled' ? 'settled' : 'ended without a settlement'}: reward ${sum(e.reward)}, fee ${sum(e.fee)}. ${e.reason}`;
  },
  'task-ended': (e) =>
    `Task ${e.taskId} ended: ${shortAmount(String(e.claimed), e.decimals as number | null)} was paid out.`,
  'agents.started': (e) => `Agent ${e.agent} is served.`,
  'agents.stopped': (e) => `Agent ${e.agent} is no longer served.`,
  'agents.paid': (e) => `A call of agent ${e.agent} was paid.`,
  'agents.answered': (e) => `Agent ${e.agent} answered in ${durationText(Number(e.seconds))}: ${e.outcome}.`,
};
