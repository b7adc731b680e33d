import type { MemberRecordDocument, StakeToken } from '@chorus/admin-api';
import colors from 'yoctocolors';
import { fields, table } from '../output/table.ts';
import { amountTexts } from './view.ts';

/** Most entries shown; `--json` has more. */
const MOST_ENTRIES = 30;

const KINDS: Readonly<Record<MemberRecordDocument['entries'][number]['kind'], string>> = {
  'missed-duty': 'missed a duty',
  'lost-dispute': 'lost a dispute',
  'rejected-work': 'work was rejected',
  dropped: 'dropped from the task',
};

/** An identity's conduct in tasks. @param known tokens whose symbols are known */
export function recordLines(record: MemberRecordDocument, known: readonly StakeToken[]): string[] {
  const { byRole, entries, slashed } = record;
  const tokens = slashed.map(
    ({ token, decimals }): StakeToken => ({
      ...{ address: token, decimals, balance: null },
      symbol: known.find(({ address }) => address === token)?.symbol ?? null,
    }),
  );
  const text = amountTexts(tokens);
  const roles = Object.entries(byRole).map(([role, count]) => `${count} as ${role}`);
  const lost = slashed.map(({ token, amount }) => text(token, amount)).join(', ');
  return [
    fields([
      ['identity', `${record.agentId}, of ${record.owner}`],
      ['tasks', `${record.tasks}: ${roles.join(', ')}`],
      ['missed duties', record.missedDuties],
      ['lost disputes', record.lostDisputes],
      ['rejected references', record.rejectedWork],
      ['dropped', record.dropped],
      ['won disputes', record.wonDisputes],
      ['slashed', lost || 'nothing'],
    ]),
    '',
    ...(entries.length === 0
      ? ['Nothing is held against it.']
      : [
          table(
            ['task', 'round', 'what', 'offence', 'slashed', 'block', 'transaction'],
            entries
              .slice(0, MOST_ENTRIES)
              .map(({ taskId, round, kind, offence, slashed: cost, block, transaction }) => [
                taskId,
                round,
                KINDS[kind],
                offence ?? '-',
                cost ? text(cost.token, cost.amount) : '-',
                block,
                transaction,
              ]),
            { right: [0, 1, 4, 5] },
          ),
          ...(entries.length > MOST_ENTRIES
            ? [colors.dim(`the newest ${MOST_ENTRIES}: --json has more`)]
            : []),
        ]),
  ];
}
