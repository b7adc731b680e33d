import { percentText } from '../format/text.ts';
import type { CheckedRound } from '../proof/check-round.ts';
import { moneyOf } from '../proof/money.ts';
import { isOwn } from '../state/node.ts';
import { Amount } from './amount.tsx';
import { Bar } from './bar.tsx';

/** Where the budget of a round went, part after part. */
export function RoundMoney({ found }: { found: CheckedRound }) {
  const { records, decimals } = found.material;
  const sum = (units: bigint) => <Amount units={`${units}`} decimals={decimals} token={records.task.token} />;
  return (
    <ul class="money">
      <li>
        <strong>What the round could pay</strong>
        <span class="figure">{sum(records.settled.budget)}</span>
        <Bar part={1} />
      </li>
      {moneyOf(found, isOwn).map(({ name, units, from, part }) => (
        <li key={name}>
          <span>
            {name} <small>{percentText(part, 1)}</small>
          </span>
          <span class="figure">{sum(units)}</span>
          <Bar from={from} part={part} />
        </li>
      ))}
    </ul>
  );
}
