import type { TaskDetail, TaskSummary } from '@chorus/admin-api';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { connectNode, type HomeOptions, homeOf, homeOptions } from '../../environment/home.ts';
import { parseTask } from '../../inspect/open.ts';
import { doing, rolesText } from '../../node/status-view.ts';
import { columns, cut } from '../../output/columns.ts';
import { fields, print, printJson } from '../../output/table.ts';
import { amount, short } from '../../output/units.ts';
import { watchNode } from '../../task/watch.ts';
import { taskCreateCommand } from './create.ts';

/** `chorus task`: tasks of the running node, and new ones. */
export function taskCommand(): Command {
  const list = new Command('list')
    .description('list tasks the running node follows, and tasks it did not join, with the reason')
    .addHelpText('after', '\nExample:\n  $ chorus task list')
    .action(listAction);
  const show = new Command('show')
    .description('show everything about one task')
    .argument('<id>', 'number of the task')
    .addHelpText('after', '\nExample:\n  $ chorus task show 1')
    .action(showAction);
  const join = new Command('join')
    .description('join an open task, if the limits allow it')
    .argument('<id>', 'number of the task')
    .addHelpText('after', '\nExample:\n  $ chorus task join 1')
    .action(joinAction);
  const leave = new Command('leave')
    .description('stop working for a task; the stake stays locked until it ends')
    .argument('<id>', 'number of the task')
    .addHelpText('after', '\nExample:\n  $ chorus task leave 1')
    .action(leaveAction);
  const refund = new Command('refund')
    .description('get back what an ended task of this wallet did not pay')
    .argument('<id>', 'number of the task')
    .option('--cancel', 'first end a task that still looks for members')
    .addHelpText('after', '\nExample:\n  $ chorus task refund 1')
    .action(refundAction);
  const watch = new Command('watch')
    .description('show what the running node does until Ctrl-C; for one task, until the task has ended')
    .argument('[id]', 'only this task')
    .addHelpText('after', '\nExample:\n  $ chorus task watch 1')
    .action(async (id: string | undefined, flags: HomeOptions) => {
      const node = { ...(await connectNode(flags)), home: homeOf(flags) };
      await watchNode(node, { task: id, json: flags.json ?? false });
    });
  const command = new Command('task')
    .description('tasks of the running node, and new ones')
    .addCommand(taskCreateCommand());
  for (const sub of [list, show, join, leave, refund, watch]) command.addCommand(homeOptions(sub));
  return command;
}

async function listAction(flags: HomeOptions): Promise<void> {
  const list = await (await connectNode(flags)).tasks();
  if (flags.json) return printJson(list);
  const { tasks, refused } = list;
  const width = process.stdout.columns ?? 200;
  print(
    ...(tasks.length === 0
      ? ['no task is followed: the node joins announced tasks that match its roles, data and limits']
      : columns(
          ['TASK', 'NAME', 'ROLE', 'ROUND', 'DOING', 'LOCKED'],
          tasks.map(row),
          [5, 26, 12, 13, 20, 8],
        )),
    ...(refused.length > 0 ? ['', colors.bold('Seen but not joined')] : []),
    ...refused.map(
      ({ taskId, message, hint }) => `  ${taskId}: ${message}${hint ? colors.dim(` -> ${hint}`) : ''}`,
    ),
  );
  function row(task: TaskSummary): string[] {
    const where =
      task.status === 'running' ? `${task.round}/${task.rounds} ${task.phase ?? ''}` : task.status;
    return [
      task.id,
      cut(task.name, width),
      rolesText(task),
      where,
      doing(task),
      amount(task.stake, task.decimals),
    ];
  }
}

async function showAction(id: string, flags: HomeOptions): Promise<void> {
  const task = await (await connectNode(flags)).task(parseTask(id));
  if (flags.json) printJson(task);
  else print(...describe(task));
}

function describe(task: TaskDetail): string[] {
  const { roles, terms } = task;
  const tokens = (units: string) => amount(units, task.decimals);
  const optional = (name: string, value: string | number | null | undefined): [string, string | number][] =>
    value === null || value === undefined ? [] : [[name, value]];
  return [
    `${colors.bold(`task ${task.id}`)} ${task.name}`,
    fields([
      [
        'status',
        task.status === 'running' ? `round ${task.round} of ${task.rounds}, ${task.phase}` : task.status,
      ],
      ...optional('waits for', task.waitsFor),
      ...optional('until', task.deadline),
      ['owner', task.owner ? `${task.ownerAddress} (this wallet)` : task.ownerAddress],
      ['this node', `${roles.join(' and ') || 'no member'}${task.leaving ? ', leaving' : ''}`],
      ...optional('due now', task.duty),
      ['doing', doing(task)],
      ['budget', `${tokens(task.budget)} of ${short(task.token)}, ${tokens(task.remaining)} left`],
      ['stake', `${tokens(task.stakePerMember)} a member, ${tokens(task.stake)} of this node`],
      ['trainers', `${task.trainers.length}, ${task.committed} committed in this round`],
      ['validators', task.validators.map(short).join(', ') || '-'],
      ['aggregators', task.aggregators.map(short).join(', ') || '-'],
      ['parameters', task.dimension.toLocaleString('en')],
      ...optional('began from', task.model),
      ...optional('computed to round', task.computedThrough),
    ]),
    ...(terms
      ? [
          '',
          colors.bold('Terms'),
          fields(Object.entries(terms).map(([name, value]) => [name, textOf(value)])),
        ]
      : []),
  ];
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

async function joinAction(id: string, flags: HomeOptions): Promise<void> {
  const result = await (await connectNode(flags)).join(parseTask(id));
  if (flags.json) printJson(result);
  else if (result.outcome === 'joined') print(`joined task ${id}: its stake is deposited`);
  else if (result.outcome === 'followed') print(`already a member of task ${id}; the node works for it`);
  else
    print(
      `not joined: ${result.reason?.message}`,
      ...(result.reason?.hint ? [`-> ${result.reason.hint}`] : []),
    );
  if (result.outcome === 'refused') process.exitCode = 1;
}

async function refundAction(id: string, flags: HomeOptions & { cancel?: boolean }): Promise<void> {
  const node = await connectNode(flags);
  const result = await node.refund(parseTask(id), { cancel: flags.cancel ?? false });
  if (flags.json) printJson(result);
  else
    print(
      `${amount(result.amount, result.decimals)} of ${short(result.token)} came back in ${result.transaction}`,
    );
}

async function leaveAction(id: string, flags: HomeOptions): Promise<void> {
  const result = await (await connectNode(flags)).leave(parseTask(id));
  if (flags.json) printJson(result);
  else if (!result.member) print(result.message);
  else print(result.message, `stake locked: ${amount(result.stakeLocked, result.decimals)}`);
}
