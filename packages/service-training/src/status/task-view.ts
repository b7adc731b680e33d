import type { TaskDetail, TaskSummary } from '@chorus/admin-api';
import {
  type Address,
  committedTrainers,
  type Duty,
  dutiesOf,
  type Role,
  sameAddress,
  type TaskState,
} from '@chorus/protocol';
import type { FollowedTask } from '../tasks/followed-task.ts';
import type { Activity } from './activity-tracker.ts';
import { waitsFor } from './waits-for.ts';

const isoOf = (seconds: number) => new Date(1000 * seconds).toISOString();

/** The roles an account holds in a task. */
export function rolesIn(account: Address, task: TaskState): Role[] {
  const among = (members: readonly Address[]) => members.some((m) => sameAddress(m, account));
  const held: [Role, boolean][] = [
    ['trainer', among(task.trainers)],
    ['validator', among(task.activeValidators)],
    ['aggregator', among(task.aggregators)],
  ];
  return held.flatMap(([role, holds]) => (holds ? [role] : []));
}

/** What the chain requires of the account now: its own work before what any account may do. */
function dutyOf(account: Address, { context, task, hasDone }: FollowedTask): Duty['kind'] | null {
  if (!task) return null;
  const now = Date.now() / 1000;
  const due = dutiesOf(account, task, context?.round ?? null).filter(
    (d) => (!('from' in d) || d.from <= now) && !hasDone(d),
  );
  return (due.find((duty) => duty.kind !== 'advance') ?? due[0])?.kind ?? null;
}

/** A followed task, as one line of a screen. */
export function taskSummary(
  account: Address,
  followed: FollowedTask,
  activity: Activity | null,
): Omit<TaskSummary, 'decimals'> | null {
  const { task, terms, context, left, stake } = followed;
  if (!task) return null;
  const round = task.status === 'joining' ? null : (context?.round ?? null);
  const deadline = task.status === 'joining' ? task.joinDeadline : round?.deadline;
  return {
    id: task.id.toString(),
    name: terms?.name ?? '',
    status: task.status,
    round: task.round,
    rounds: task.rounds,
    phase: round?.phase ?? null,
    deadline: deadline === undefined || task.status === 'ended' ? null : isoOf(deadline),
    roles: rolesIn(account, task),
    owner: sameAddress(task.owner, account),
    duty: left ? null : dutyOf(account, followed),
    activity: activity && { ...activity, since: new Date(activity.since).toISOString() },
    token: task.token,
    stake: stake.toString(),
    leaving: left,
  };
}

/** A followed task with all details. */
export function taskDetail(
  account: Address,
  followed: FollowedTask & { task: TaskState },
  activity: Activity | null,
  decimals: number | null,
): TaskDetail {
  const { task, terms, context, settledThrough } = followed;
  return {
    ...taskSummary(account, followed, activity)!,
    ownerAddress: task.owner,
    decimals,
    budget: task.budget.toString(),
    remaining: task.remaining.toString(),
    stakePerMember: task.stake.toString(),
    trainers: task.trainers,
    validators: task.validators,
    aggregators: task.aggregators,
    dimension: task.dimension,
    model: terms?.model ?? null,
    modelBytes: terms?.modelBytes ?? null,
    terms: terms as Record<string, unknown> | null,
    computedThrough: settledThrough,
    committed: context ? committedTrainers(context.round).length : 0,
    waitsFor: waitsFor(task, context?.round ?? null),
  };
}
