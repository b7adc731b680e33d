// Who leaves a running task, by its own will or by being absent.

import { refusal } from '@chorus/chain';
import { type Address, hasDeparted } from '@chorus/protocol';
import type { Emit, MemoryLedger } from './ledger.ts';
import type { MemoryTask } from './task.ts';

export function leaveTask(ledger: MemoryLedger, taskId: bigint, account: Address, emit: Emit): void {
  const action = 'leave a task';
  const task = ledger.find(taskId);
  if (task.state.status !== 'running') throw refusal('WrongPhase', action);
  const member = task.accounts.get(account);
  if (!member) throw refusal('NotAMember', action);
  if (member.lastRound !== null) throw refusal('AlreadyLeaving', action);
  mark(task, account, false, emit);
}

/** Counts a member as absent in the current round, once; too often, and it is dropped. */
export function noteAbsence(task: MemoryTask, account: Address, emit: Emit): void {
  const { state, accounts } = task;
  const member = accounts.get(account)!;
  if (member.lastAbsent === state.round) return;
  member.absentRounds = member.lastAbsent + 1 === state.round ? member.absentRounds + 1 : 1;
  member.lastAbsent = state.round;
  if (member.lastRound !== null) return;
  const { missedRounds, absenceCap } = state.slashing;
  if (member.absentRounds >= missedRounds || member.absenceBps >= absenceCap) {
    mark(task, account, true, emit);
  }
}

/** Between two rounds: those who were leaving are gone. Returns whether enough are left for another round. */
export function takeEffect({ state, accounts }: MemoryTask): boolean {
  const leaving = [...accounts].filter(([account, { lastRound }]) => {
    return lastRound !== null && !hasDeparted(state, account);
  });
  if (leaving.length === 0) return true;
  state.departed.push(...leaving.map(([account]) => account));
  const left = (accounts: Address[]): number => accounts.filter((a) => !hasDeparted(state, a)).length;
  const validators = left(state.activeValidators);
  return (
    left(state.trainers) >= state.minTrainers &&
    validators >= state.minValidators &&
    2 * validators > state.activeValidators.length &&
    left(state.aggregators) > 0
  );
}

/** Whether an account still holds its roles in the current round. */
export function requirePresent(task: MemoryTask, account: Address, action: string): void {
  if (hasDeparted(task.state, account)) throw refusal('MemberDeparted', action);
}

function mark(task: MemoryTask, account: Address, dropped: boolean, emit: Emit): void {
  const { id: taskId, round } = task.state;
  task.accounts.get(account)!.lastRound = round;
  emit({ type: 'member-leaving', taskId, round, member: account, dropped });
}
