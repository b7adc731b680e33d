import type { TaskChain } from '@chorus/protocol';
import { TASK_MANAGER } from '../abi/abis.ts';
import { encodeParams, roleBits } from '../abi/decode.ts';
import { eventOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** Tasks, in the task contract. */
export function createTaskChain({ reader, writer }: ChainParts): TaskChain {
  return {
    createTask: async (params) => {
      const call = { action: 'create a task', name: 'createTask', args: [encodeParams(params)] };
      const mined = await writer.spend(call, params.token, params.budget);
      return { ...receiptOf(mined), taskId: eventOf(mined, TASK_MANAGER, 'TaskCreated').taskId };
    },

    topUp: async (taskId, amount) => {
      const { token } = await reader.task(taskId);
      const call = { action: 'top up a task', name: 'topUp', args: [taskId, amount] };
      return receiptOf(await writer.spend(call, token, amount));
    },

    cancel: (taskId) => writer.receipt({ action: 'cancel a task', name: 'cancel', args: [taskId] }),

    join: async (taskId, { agreement, agentId, roles, peerId, allowProof = [] }) => {
      const peer = new TextEncoder().encode(peerId);
      const args = [taskId, agreement, agentId, roleBits(roles), peer, allowProof];
      return writer.receipt({ action: 'join a task', name: 'join', args });
    },

    leaveTask: (taskId) => writer.receipt({ action: 'leave a task', name: 'leaveTask', args: [taskId] }),

    task: async (taskId) => {
      const { createdBlock: _, ...task } = await reader.task(taskId);
      return task;
    },

    members: (taskId) => reader.members(taskId),

    memberAccount: (taskId, account) => reader.memberAccount(taskId, account),
  };
}
