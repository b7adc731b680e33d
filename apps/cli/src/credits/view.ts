import type { CreditDocument, CreditList, CreditsClaimed, HeldChannelDocument } from '@chorus/admin-api';
import { exactAmount } from '@chorus/protocol';
import { moneyText } from '../agent/payments-view.ts';
import { answerText } from '../agent/view.ts';
import { fields, heading, table } from '../output/table.ts';
import { duration, short } from '../output/units.ts';

const COIN_DECIMALS = 18;

type Money = Pick<CreditDocument, 'symbol' | 'decimals'>;
const sum = (units: string, { symbol, decimals }: Money): string => moneyText(units, symbol, decimals);

/** What a deposit costs, before it is made. */
export function costLine(credit: CreditDocument, deposit: string): string {
  const { begun, cost, withdrawSeconds } = credit;
  if (begun !== null) {
    return `Finishes the deposit of ${sum(begun, credit)} that was begun before, if it was not made yet: another one after that.`;
  }
  const gas =
    cost === null ? '' : ` About ${exactAmount(cost.wei, COIN_DECIMALS)} of the chain's coin for gas.`;
  return `Pays ${deposit} into a channel to ${short(credit.receiver)}.${gas} What is left can be taken back ${duration(withdrawSeconds)} after chorus credits close.`;
}

const STATES: Readonly<Record<CreditDocument['state'], string>> = {
  new: 'not open yet',
  opening: 'its first deposit is not known to be made: repeat chorus credits open',
  open: 'open',
  closing: 'closing',
  closed: 'closed',
};

export function creditLines(credit: CreditDocument): string[] {
  const { id, agent, receiver, state, balance, spent, left, availableAt, transaction } = credit;
  const until =
    availableAt === null ? '' : `: end it with chorus credits close after ${timeText(availableAt)}`;
  return [
    fields([
      ['channel', id ?? '-'],
      ['agent', answerText(agent)],
      ['paid to', receiver],
      ['state', `${STATES[state]}${until}`],
      ['paid in', sum(balance, credit)],
      ['calls cost', sum(spent, credit)],
      ['left', sum(left, credit)],
      ...(transaction === null ? [] : ([['transaction', transaction]] as [string, string][])),
    ]),
  ];
}

export function listLines({ credits, channels, rules }: CreditList): string[] {
  const lines: string[] = [];
  if (credits.length > 0) {
    const rows = credits.map((credit): string[] => [
      short(credit.id ?? '-'),
      answerText(credit.agent),
      credit.state + (credit.availableAt === null ? '' : ` until ${timeText(credit.availableAt)}`),
      sum(credit.left, credit),
      sum(credit.spent, credit),
    ]);
    lines.push(
      heading('You have prepaid'),
      table(['channel', 'agent', 'state', 'left', 'calls cost'], rows),
      '',
    );
  }
  if (channels.length > 0) {
    const rows = channels.map((channel): string[] => [
      short(channel.id),
      short(channel.payer),
      String(channel.calls),
      sum(channel.unclaimed, channel),
      sum(channel.claimed, channel),
      closingText(channel),
    ]);
    lines.push(
      heading('Prepaid by callers of your agents'),
      table(['channel', 'payer', 'calls', 'not claimed', 'claimed', ''], rows),
      '',
    );
  }
  if (lines.length === 0)
    lines.push('No channel is open, in or out. Prepay an agent: chorus credits open AGENT SUM', '');
  const { enabled, withdrawHours, claimCalls, claimHours } = rules;
  lines.push(
    enabled
      ? `Agents of this node take channels; a payer waits ${withdrawHours} h for what is left. Claimed after ${claimCalls} calls or ${claimHours} h, at once if a payer withdraws, and now by chorus credits claim.`
      : 'Agents of this node take no channels: agents.channels.enabled is false.',
  );
  return lines;
}

export function claimedLines({ claims }: CreditsClaimed): string[] {
  if (claims.length === 0) return ['Nothing waits to be claimed.'];
  return claims.map(({ transaction, channels, amounts }) => {
    const sums = amounts.map((each) => sum(each.amount, each)).join(', ');
    return `claimed ${sums} from ${channels === 1 ? 'one channel' : `${channels} channels`} in ${transaction}`;
  });
}

const closingText = ({ closingAt }: HeldChannelDocument): string =>
  closingAt === null ? '' : `its payer withdraws, from ${timeText(closingAt)} on`;

const timeText = (time: string): string => time.slice(0, 19).replace('T', ' ');
