import type { PaymentDocument } from '@chorus/admin-api';
import { exactAmount } from '@chorus/protocol';
import colors from 'yoctocolors';
import { short } from '../output/units.ts';
import { isAgentId } from './agent-id.ts';
import { answerText } from './view.ts';

/** What a state means for the money. */
const STATES: Readonly<Record<PaymentDocument['state'], string>> = {
  settling: 'is being settled',
  settled: 'paid; the work is owed',
  running: 'paid; the work has begun',
  answered: 'paid, and answered',
  intent: 'was not signed',
  signed: 'signed; no answer was read',
  refused: 'signed; the agent did not take it',
  void: 'was not paid',
};

/** A sum with its token. */
export function moneyText(amount: string, symbol: string | null, decimals: number | null): string {
  const sum = decimals === null ? `${amount} units` : exactAmount(amount, decimals);
  return `${sum} ${symbol === null ? 'of an unknown token' : answerText(symbol)}`;
}

/** One sum: why, from whom or to whom, in which transaction, and what was checked. */
export function paymentLines(payment: PaymentDocument): string[] {
  const { direction, agent, payer, payee, amount, symbol, decimals, state, reason, at } = payment;
  const money = moneyText(amount, symbol, decimals);
  const isIn = direction === 'in';
  const party = isIn
    ? `for a call of ${agent}, from ${payer}`
    : `for a call of ${isAgentId(agent) ? `agent ${agent}` : answerText(agent)}, to ${payee}`;
  const head = `${isIn ? colors.green(`+ ${money}`) : colors.yellow(`- ${money}`)}  ${party}`;
  const rows = [
    ['when', at.slice(0, 19).replace('T', ' ')],
    ['state', STATES[state]],
    ...(reason === null ? [] : [['because', answerText(reason)]]),
    ...(payment.transaction === null ? [] : [['transaction', answerText(payment.transaction)]]),
    ...(payment.channel === null ? [] : [['by voucher', `of the prepaid channel ${short(payment.channel)}`]]),
    ['request', short(payment.input)],
    ...(payment.output === null ? [] : [['answer', short(payment.output)]]),
    ...payment.checks.map(({ check, ok, detail }) => [
      check,
      `${ok ? colors.green('ok') : colors.red('failed')}  ${answerText(detail)}`,
    ]),
  ];
  return [head, ...rows.map(([name, value]) => `    ${colors.dim(name!.padEnd(11))}  ${value}`)];
}

/** States in which the money has moved, or may have. */
const COUNTED = new Set<PaymentDocument['state']>(['settled', 'running', 'answered', 'signed']);

/** Sums in and out of each token. */
export function totalLines(payments: readonly PaymentDocument[]): string[] {
  const totals = new Map<
    string,
    { in: bigint; out: bigint; symbol: string | null; decimals: number | null }
  >();
  for (const { token, symbol, decimals, amount, state, direction } of payments) {
    if (!COUNTED.has(state)) continue;
    const total = totals.get(token) ?? { in: 0n, out: 0n, symbol, decimals };
    total[direction] += BigInt(amount);
    totals.set(token, total);
  }
  const lines = [...totals.values()].map(
    ({ in: got, out, symbol, decimals }) =>
      `in ${moneyText(String(got), symbol, decimals)}, out ${moneyText(String(out), symbol, decimals)}`,
  );
  return lines.length === 0 ? [] : ['', ...lines];
}
