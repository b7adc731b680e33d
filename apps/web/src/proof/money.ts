import type { CheckedRound } from './check-round.ts';

/** One part of a round's budget. Parts follow each other, and together with what is left they are the whole. */
export interface MoneyPart {
  name: string;
  units: bigint;
  /** The parts before it, as a part of the whole, and itself. */
  from: number;
  part: number;
}

/**
 * Where the budget of a round went, in order: fees, the trainers, and what stays in the task.
 * @param isOwn whether an account is that of this node
 */
export function moneyOf(
  { material }: Pick<CheckedRound, 'material'>,
  isOwn: (address: string) => boolean,
): MoneyPart[] {
  const { settled, task } = material.records;
  const { budget, protocolFee, aggregatorFee, validatorFee, rewards } = settled;
  const parts: [string, bigint][] = [
    ['The network', protocolFee],
    ['The aggregator', aggregatorFee],
    ['The validators', validatorFee],
    ...task.trainers.map((address, i): [string, bigint] => [
      `Trainer ${i + 1}${isOwn(address) ? ' (this node)' : ''}`,
      rewards[i] ?? 0n,
    ]),
  ];
  const spent = parts.reduce((sum, [, units]) => sum + units, 0n);
  if (budget > spent) parts.push(['Stays in the task', budget - spent]);
  const share = (units: bigint) => (budget === 0n ? 0 : Number((units * 1_000_000n) / budget) / 1_000_000);
  let before = 0n;
  return parts.map(([name, units]) => {
    const from = share(before);
    before += units;
    return { name, units, from, part: share(units) };
  });
}
