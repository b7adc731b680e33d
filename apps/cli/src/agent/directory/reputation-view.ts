import type { FeedbackGiven, ReputationDocument } from '@chorus/admin-api';
import { UNCOUNTED_TEXTS } from '@chorus/admin-api/words';
import colors from 'yoctocolors';
import { columns } from '../../output/columns.ts';
import { short } from '../../output/units.ts';
import { moneyText } from '../payments-view.ts';

/** The score, and what stands behind it, in one line. */
export function scoreText({ score, raters, paid, fee, symbol, decimals }: ReputationDocument): string {
  if (raters === 0) return `${score} of 100: no account that paid it has rated it`;
  const who = raters === 1 ? '1 account that paid it' : `${raters} accounts that paid it`;
  const [sum, cost] = [paid, fee].map((units) => moneyText(units, symbol, decimals));
  return `${score} of 100, by ${who} (${sum}, of which ${cost} is the network's fee)`;
}

/** All feedback on an agent, as lines. */
export function reputationLines(reputation: ReputationDocument): string[] {
  const { agentId, feedback, symbol, decimals } = reputation;
  const head = `${colors.bold(`agent ${agentId}`)}: ${scoreText(reputation)}`;
  if (feedback.length === 0) return [head];
  return [
    head,
    '',
    ...columns(
      ['N', 'FROM', 'RATING', 'PAID', 'ON', 'COUNTS'],
      feedback.map((each) => [
        each.index,
        `${short(each.client)}${each.own ? ' (you)' : ''}`,
        each.rating === null ? '-' : String(each.rating),
        each.uncounted === null ? moneyText(each.paid, symbol, decimals) : '-',
        each.paidAt?.slice(0, 10) ?? '-',
        each.uncounted === null
          ? `${(100 * each.part).toFixed(1)} %`
          : `no: ${UNCOUNTED_TEXTS[each.uncounted]}`,
      ]),
    ),
    '',
    colors.dim('A rating weighs the fee on the payment that it is about, half of that after 90 days.'),
  ];
}

/** What was said of an agent, or would be, in a sentence. */
export function givenText({ agentId, rating, payment, given }: FeedbackGiven): string {
  const { amount, symbol, decimals, transaction } = payment;
  const about = `for ${moneyText(amount, symbol, decimals)} paid in ${transaction}`;
  if (given === null) return `Agent ${agentId} would be rated ${rating} of 100, ${about}. Nothing was sent.`;
  return `Agent ${agentId} is rated ${rating} of 100, ${about}. To take it back: chorus agent feedback ${agentId} --revoke ${given.index}`;
}
