import type { AgentDocument } from '@chorus/admin-api';
import { counted } from '@chorus/protocol';
import colors from 'yoctocolors';
import { duration } from '../output/units.ts';
import { moneyText } from './payments-view.ts';
import { answerText } from './view.ts';

/** How requests ended, without those outcomes that did not occur. */
export function answersText(answers: AgentDocument['answers']): string {
  const some = Object.entries(answers).filter(([, count]) => count > 0);
  return some.map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'none yet';
}

/** The tools that the model may call, and those that wait for the owner. */
function toolsText(tools: AgentDocument['tools']): string {
  return tools
    .map(({ name, state }) => answerText(state === 'accepted' ? name : `${name} (${state}, not used)`))
    .join(', ');
}

/** What an agent was paid. */
export function earnedText({ earned }: Pick<AgentDocument, 'earned'>): string {
  const sums = earned.map(({ amount, symbol, decimals, calls }) => {
    return `${moneyText(amount, symbol, decimals)} for ${calls} ${calls === 1 ? 'call' : 'calls'}`;
  });
  return sums.join(', ') || 'nothing yet';
}

/** An offer in one line. */
const offerText = ({ id, kind, price, seconds }: AgentDocument['offers'][number]): string =>
  `${id}: a ${kind} for ${price?.text ?? 'nothing'}, within ${duration(seconds)}`;

/** An agent of a node, as lines. */
export function servedLines(agent: AgentDocument): string[] {
  const { name, title, state, file, model, tools, urls, answers, load, problem, identity, price } = agent;
  const isServed = state === 'serving';
  const rows = [
    ['agent', `${name} (${title})`],
    ['state', isServed ? colors.green(state) : colors.yellow(state)],
    ...(problem ? [['because', `${problem.code}: ${problem.message}`]] : []),
    ...(problem?.hint ? [['do', problem.hint]] : []),
    ['file', file],
    ...(model ? [['model', `${model.name} (${model.kind})`]] : []),
    ...(tools.length === 0 ? [] : [['tools', toolsText(tools)]]),
    ...(urls.http === null ? [] : [['over HTTP', urls.http]]),
    ...(urls.libp2p === null ? [] : [['over libp2p', urls.libp2p]]),
    ...(identity ? [['identity', `agent ${identity.agentId}${identity.retired ? ', retired' : ''}`]] : []),
    ...(price ? [['price', `${price.text} a call`]] : []),
    ...agent.offers.map((offer) => ['offers', offerText(offer)]),
    ...(price || agent.earned.length > 0 ? [['earned', earnedText(agent)]] : []),
    ['answers', answersText(answers)],
    ['at work', `${counted(load.tasks, 'task')}, ${counted(load.streams, 'event stream')}`],
  ];
  const table = rows.map(([label, value]) => `${colors.dim(label!.padEnd(12))} ${value}`);
  if (!isServed) return table;
  const hints = [
    ...(urls.http === null
      ? [
          'Only nodes of the network can call it. For HTTP: chorus config set gateway.enabled true, then restart.',
        ]
      : []),
    ...(identity === null ? [`So that others find it by a search: chorus agent register ${name}`] : []),
  ];
  return hints.length === 0 ? table : [...table, '', ...hints];
}
