import type { TaskSummary } from '@chorus/admin-api';
import { agoText } from '../format/text.ts';
import { hrefOf } from '../routes/routes.ts';
import { live, now, readOnly } from '../state/node.ts';
import { Amount } from './amount.tsx';
import { Doing } from './stages.tsx';

/** Tasks, a card each, with what the node does in them now. */
export function TaskList({ tasks }: { tasks: readonly TaskSummary[] }) {
  return (
    <ul class="cards">
      {tasks.map((task) => (
        <li key={task.id}>
          <h3>
            <a href={hrefOf({ page: 'task', task: task.id })}>
              Task {task.id}: {task.name}
            </a>
          </h3>
          <TaskState task={task} />
        </li>
      ))}
    </ul>
  );
}

/** How far a task is, what this node does in it, and what it has at stake. */
export function TaskState({ task }: { task: TaskSummary }) {
  const { id, status, round, rounds, phase, deadline, roles, owner, duty, leaving, stake, decimals, token } =
    task;
  const activity = live.value.activity[id] ?? activityOf(task);
  const role = [...(owner ? ['requester'] : []), ...roles].join(', ') || 'none';
  return (
    <>
      <p>
        {capital(status)}
        {status === 'running' && `, round ${round} of ${rounds}${phase ? `, phase ${phase}` : ''}`}
        {status !== 'ended' && deadline && `; the phase ends ${agoText(deadline, now.value)} at the latest`}.
      </p>
      {!readOnly && (
        <p class="quiet">
          Role of this node: {role}. Stake: <Amount units={stake} decimals={decimals} token={token} />.
          {leaving && ' The node has left the task and waits for its end.'}
        </p>
      )}
      {duty && <p>Due now: {duty}.</p>}
      {status !== 'ended' && activity && <Doing activity={activity} />}
    </>
  );
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

const activityOf = ({ activity }: TaskSummary) =>
  activity && { ...activity, since: Date.parse(activity.since) };
