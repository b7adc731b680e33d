import type { SettledRounds } from '@chorus/admin-api';
import { percentText, SHARE_ONE, WEIGHT_ONE } from '../format/text.ts';
import { Plot } from '../plot/plot.tsx';
import { hrefOf } from '../routes/routes.ts';
import { isOwn } from '../state/node.ts';

/** How a task went over its settled rounds: the losses that the validators signed, and the trainers' shares and weights. */
export function TaskPlots({ of }: { of: SettledRounds }) {
  const { taskId, trainers, rounds } = of;
  if (rounds.length === 0) return <p class="quiet">No round is settled yet.</p>;
  const numbers = rounds.map(({ round }) => round);
  const to = (round: number) =>
    round < 1 ? hrefOf({ page: 'task', task: taskId }) : hrefOf({ page: 'round', task: taskId, round });
  const byTrainer = (partsOf: (round: SettledRounds['rounds'][number]) => readonly number[], whole: number) =>
    trainers.map((address, i) => ({
      name: `trainer ${i + 1}${isOwn(address) ? ' (this node)' : ''}`,
      isOwn: isOwn(address),
      values: rounds.map((round) => (partsOf(round)[i] ?? 0) / whole),
    }));
  const common = { rounds: numbers, hrefOf: to };
  return (
    <div class="plots">
      <Plot
        {...common}
        // The loss that a round begins with is that which the one before it has left.
        rounds={[numbers[0]! - 1, ...numbers]}
        title="Loss on the validators' data after each round: lower is better"
        format={(value) => String(Number(value.toPrecision(4)))}
        series={[
          {
            name: 'loss',
            values: [rounds[0]!.lossBefore, ...rounds.map(({ lossAfter }) => lossAfter)],
            isOwn: true,
          },
        ]}
      />
      <Plot
        {...common}
        title="Share of the trainers' reward"
        format={(value) => percentText(value, 1)}
        series={byTrainer(({ shares }) => shares, SHARE_ONE)}
      />
      <Plot
        {...common}
        title="Weight in the new model"
        format={(value) => percentText(value, 1)}
        series={byTrainer(({ weights }) => weights, WEIGHT_ONE)}
      />
    </div>
  );
}
