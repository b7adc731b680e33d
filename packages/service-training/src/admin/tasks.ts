import type { JoinResult, LeaveResult, RefundResult, TaskDetail, TaskList } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import { decodeTerms, type Terms } from '@chorus/protocol';
import type { TasksSource } from '../admin-areas/tasks.ts';
import { missedRoundBps } from '../policy/task-figures.ts';
import { rolesIn, taskDetail } from '../status/task-view.ts';
import type { AskedTraining } from './asked-training.ts';

/** Training tasks: what is known of them, joining and leaving. */
export function tasksSource(running: () => AskedTraining): TasksSource {
  return {
    async tasks(): Promise<TaskList> {
      const node = running();
      return { tasks: await node.view.tasks(), refused: node.view.activities.refusals() };
    },

    async task(id: bigint): Promise<TaskDetail> {
      const node = running();
      const { chain } = node.ports;
      const followed = node.followed().find(({ taskId }) => taskId === id);
      const task = followed?.task && followed.task.status !== 'ended' ? followed.task : await chain.task(id);
      const known = followed ?? {
        taskId: id,
        terms: termsOf(node, id),
        context: null,
        publicCids: [],
        active: [],
        waiting: 0,
        settledThrough: null,
        left: node.budget.isLeft(id),
        hasDone: () => false,
        stake: 0n,
      };
      const decimals = await decimalsOf(chain, task.token);
      return taskDetail(chain.account, { ...known, task }, node.view.activities.of(id), decimals);
    },

    async join(id: bigint): Promise<JoinResult> {
      const result = await running().join(id);
      const taskId = id.toString();
      if (result.outcome !== 'refused') return { taskId, outcome: result.outcome, reason: null };
      const { code, message, hint = null } = result.error;
      return { taskId, outcome: 'refused', reason: { code, message, hint } };
    },

    async leave(id: bigint): Promise<LeaveResult> {
      const node = running();
      const task = node.followed().find(({ taskId }) => taskId === id)?.task;
      const { member, stake } = await node.leave(id);
      const cost = task ? missedRoundBps(task.slashing, rolesIn(node.ports.chain.account, task)) : 0;
      return {
        taskId: id.toString(),
        member,
        decimals: task ? await decimalsOf(node.ports.chain, task.token) : null,
        stakeLocked: stake.toString(),
        missedRoundBps: member ? cost : 0,
        stakeReturnsAfter: member
          ? 'the round under way has ended on chain, by its members or its deadlines, and no case is open; a task that is joining has to start or end first; this node takes the stake back then'
          : 'nothing is at stake',
        message: member
          ? `No more work is done for the task. What was committed in the round under way is still provided. The round under way is the last: to miss it costs ${cost / 100} % of the stake, and then the stake is taken back.`
          : 'The task will not be joined.',
      };
    },

    async refund(id: bigint, cancel: boolean): Promise<RefundResult> {
      const node = running();
      const { token, amount, transaction } = await node.refund(id, { cancel });
      const decimals = await decimalsOf(node.ports.chain, token);
      return { taskId: id.toString(), token, decimals, amount: amount.toString(), transaction };
    },
  };
}

function termsOf(node: AskedTraining, id: bigint): Terms | null {
  const bytes = node.announcedTerms(id);
  return bytes && decodeTerms(bytes);
}
