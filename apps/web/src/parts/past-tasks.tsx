import type { RoundSummary, TaskSummary } from '@chorus/admin-api';
import { addAmounts } from '../format/amount.ts';
import { counted } from '../format/text.ts';
import { hrefOf } from '../routes/routes.ts';
import { readOnly } from '../state/node.ts';
import { Amount } from './amount.tsx';

/** Tasks whose rounds this node has seen end and that are over, the newest first, with the way to what they did. */
export function PastTasks({
  rounds,
  tasks,
}: {
  rounds: readonly RoundSummary[];
  tasks: readonly Pick<TaskSummary, 'id' | 'status'>[];
}) {
  const isOver = (id: string) => !tasks.some((task) => task.id === id && task.status !== 'ended');
  const ids = [...new Set(rounds.map(({ taskId }) => taskId))].filter(isOver);
  if (ids.length === 0) return null;
  return (
    <section>
      <h2>Finished tasks</h2>
      <ul class="cards">
        {ids.map((id) => (
          <PastTask key={id} id={id} rounds={rounds.filter(({ taskId }) => taskId === id)} />
        ))}
      </ul>
    </section>
  );
}

function PastTask({ id, rounds }: { id: string; rounds: readonly RoundSummary[] }) {
  const { token, decimals, round } = rounds[0]!;
  const earned = addAmounts(...rounds.flatMap(({ reward, fee }) => [reward, fee]));
  return (
    <li>
      <h3>
        <a href={hrefOf({ page: 'task', task: id })}>Task {id}</a>
      </h3>
      <p>
        {readOnly ? (
          `${counted(rounds.length, 'round')}, the last of them ${rounds[0]!.outcome}.`
        ) : (
          <>
            This node earned <Amount units={earned} decimals={decimals} token={token} /> in its last{' '}
            {counted(rounds.length, 'round')}.
          </>
        )}
      </p>
      <p>
        <a href={hrefOf({ page: 'round', task: id, round })}>Check its last round, and see who was paid</a>
      </p>
    </li>
  );
}
