import type { Address, Hex } from '../hex.ts';
import type { Member, MemberAccount, Role, TaskParams, TaskState } from '../task.ts';
import type { Sent } from './transaction.ts';

/** How an account joins a task. */
export interface JoinRequest {
  /** The task's hash at the time the account checked it. */
  agreement: Hex;
  /** An identity whose owner or wallet is the account. */
  agentId: bigint;
  roles: Role[];
  peerId: string;
  /** Merkle proof of the account under the task's `allowRoot`. */
  allowProof?: Hex[];
}

/** Training tasks on chain: created, joined, left and cancelled. */
export interface TaskChain {
  /** Approves the budget to the contract and escrows it. */
  createTask(params: TaskParams): Sent<{ taskId: bigint }>;
  /** Approves and adds to the escrow of a task that has not ended. */
  topUp(taskId: bigint, amount: bigint): Sent;
  /** Cancel a task of this account that has not started. */
  cancel(taskId: bigint): Sent;
  /** Locks the task's stake behind the identity (once, whatever the number of roles) and joins. */
  join(taskId: bigint, request: JoinRequest): Sent;
  /** As a member of a running task: leave it at the end of the current round. */
  leaveTask(taskId: bigint): Sent;
  /** @throws ChorusError `E_CHAIN_UNKNOWN_TASK` */
  task(taskId: bigint): Promise<TaskState>;
  members(taskId: bigint): Promise<Member[]>;
  /** Null if the account is not a member. */
  memberAccount(taskId: bigint, account: Address): Promise<MemberAccount | null>;
}
