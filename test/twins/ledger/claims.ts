// Money out of the task contract.

import { refusal } from '@chorus/chain';
import type { Address } from '@chorus/protocol';
import type { Emit, MemoryLedger } from './ledger.ts';
import { releasedOf } from './task.ts';

export function claimable(ledger: MemoryLedger, token: Address, account: Address, taskIds: bigint[]): bigint {
  const tasks = [...new Set(taskIds)].map((id) => ledger.find(id));
  const released = tasks.reduce((sum, task) => sum + releasedOf(task, account), 0n);
  return ledger.owed.balance(token, account) + released;
}

export function claim(
  ledger: MemoryLedger,
  token: Address,
  account: Address,
  taskIds: bigint[],
  to: Address,
): bigint {
  const amount = claimable(ledger, token, account, taskIds);
  if (amount === 0n) throw refusal('NothingToClaim', 'claim');
  ledger.owed.mint(token, account, -ledger.owed.balance(token, account));
  for (const id of new Set(taskIds)) {
    const task = ledger.find(id);
    const member = task.accounts.get(account);
    if (member) member.claimed += releasedOf(task, account);
  }
  ledger.money.transfer(token, ledger.contract, to, amount, 'claim');
  return amount;
}

export function refund(ledger: MemoryLedger, taskId: bigint, emit: Emit): bigint {
  const { state } = ledger.find(taskId);
  if (state.status !== 'ended') throw refusal('TaskNotEnded', 'refund a task');
  const amount = state.remaining;
  if (amount === 0n) throw refusal('NothingToClaim', 'refund a task');
  state.remaining = 0n;
  ledger.money.transfer(state.token, ledger.contract, state.owner, amount, 'refund a task');
  emit({ type: 'refunded', taskId, amount });
  return amount;
}

export function collectFees(ledger: MemoryLedger, taskId: bigint): bigint {
  const { state } = ledger.find(taskId);
  const amount = state.protocolFees;
  if (amount === 0n) throw refusal('NothingToClaim', 'collect fees');
  state.protocolFees = 0n;
  ledger.money.transfer(state.token, ledger.contract, ledger.treasury, amount, 'collect fees');
  return amount;
}
