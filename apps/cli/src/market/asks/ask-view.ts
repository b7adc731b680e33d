import type { MarketAsk, OrderDocument, RankedAnswer } from '@chorus/admin-api';
import { counted, plainLine } from '@chorus/protocol';
import colors from 'yoctocolors';
import { fields, table } from '../../output/table.ts';
import { duration } from '../../output/units.ts';

/** Answers to an ask, the best first. */
export function answersTable({ answers }: MarketAsk): string {
  return table(
    ['agent', 'name', 'offer', 'kind', 'price', 'within', 'total', 'can be hired'],
    answers.map(({ agentId, title, offer, kind, price, seconds, total, unfit }) => [
      ...[agentId, title, offer, kind, price.text, duration(seconds), total.toFixed(1), unfit ?? 'yes'],
    ]),
    { widths: [null, 24, null, null, null, null, null, 40], right: [6] },
  );
}

/** How the total of an answer comes about. */
export function whyLines({ agentId, title, offer, total, worth, trust, parts }: RankedAnswer): string[] {
  return [
    `${colors.bold(`agent ${agentId}`)} (${title}), ${offer}: ${total.toFixed(1)} = 100 x worth ${worth.toFixed(3)} x trust ${trust.toFixed(3)}`,
    ...parts.map(({ name, weight, value, says }) => {
      const points = `${(weight * value).toFixed(1)} of ${weight}`.padStart(12);
      return `  ${colors.dim(name.padEnd(8))} ${points}  ${says}`;
    }),
  ];
}

/** What an ask came to, in lines below its table. */
export function askLines(found: MarketAsk): string[] {
  const { answers, refused, reached } = found;
  if (answers.length === 0 && refused.length === 0) {
    return [
      `No agent answered. The ask went to ${counted(reached, 'peer')}, which pass it on.`,
      'Ask with other words, a higher --budget, more time (--within), or without --skill; chorus market offer list shows what is offered.',
    ];
  }
  return [
    ...(answers.length > 0 ? [answersTable(found)] : []),
    ...refused.map(({ agentId, why }) =>
      colors.dim(`Not shown: agent ${agentId}, because ${plainLine(why)}.`),
    ),
  ];
}

/** An order as lines. */
export function orderLines(order: OrderDocument): string[] {
  const { orderId, state, agentId, offer, kind, price, jobId, tried, problem, answer } = order;
  const rows: [string, string][] = [
    ['order', orderId],
    ['state', state],
    ...(agentId === null ? [] : ([['with', `agent ${agentId}, ${offer} (${kind})`]] as [string, string][])),
    ...(price === null ? [] : ([['price', price.text]] as [string, string][])),
    ...(jobId === null ? [] : ([['job', jobId]] as [string, string][])),
    ...tried.map(
      ({ agentId: id, why }) => ['passed over', `agent ${id}: ${plainLine(why)}`] as [string, string],
    ),
    ...(problem === null ? [] : ([['problem', plainLine(problem.message)]] as [string, string][])),
    ...(problem?.hint ? ([['do', problem.hint]] as [string, string][]) : []),
    ...(answer && answer.files.length > 0
      ? ([['files', answer.files.map(({ name }) => plainLine(name)).join(', ')]] as [string, string][])
      : []),
  ];
  return [fields(rows), ...nextLines(order)];
}

function nextLines({ state, jobId }: OrderDocument): string[] {
  if (state === 'taken-up' && jobId !== null) {
    return [
      '',
      `It is being done. Follow it: chorus market job watch ${jobId}`,
      `Once it is submitted: chorus market job fetch ${jobId} FILE, then chorus market job complete ${jobId}, or dispute`,
    ];
  }
  if (state === 'placed' && jobId !== null) {
    return [
      '',
      `Paid, and not taken up yet: your node tells the agent again. Without work the budget comes back: chorus market job show ${jobId}`,
    ];
  }
  return [];
}

export function ordersTable(orders: readonly OrderDocument[]): string {
  if (orders.length === 0) return 'No orders. Ask for an offer: chorus market ask';
  return table(
    ['order', 'state', 'agent', 'offer', 'price', 'job', 'what'],
    orders.map(({ orderId, state, agentId, offer, price, jobId, text }) => [
      ...[orderId, state, agentId ?? '-', offer ?? '-', price?.text ?? '-', jobId ?? '-', plainLine(text)],
    ]),
    { widths: [null, null, null, null, null, null, 40] },
  );
}
