import type { Address, Duty } from '@chorus/protocol';
import type { TaskSession } from './session/task-session.ts';

/**
 * After the deadline from which every account may advance a phase: minimum wait, and the spread of accounts after
 * it.
 */
const ADVANCE_MILLISECONDS = { least: 500, spread: 2_000 };

/**
 * When a duty is due, unix milliseconds. Every account may advance a phase; a wait that differs by account prevents all
 * from trying at once.
 */
export function dueAt(duty: Duty, account: Address): number {
  if (duty.kind === 'settle') return duty.from * 1000;
  if (duty.kind !== 'advance') return 0;
  const { least, spread } = ADVANCE_MILLISECONDS;
  return duty.from * 1000 + least + (Number.parseInt(account.slice(-4), 16) % spread);
}

/** Whether this node has begun its vector of the round, in this run or an earlier one. */
export function hasBegun({ journal, taskId }: TaskSession, { kind, round }: Duty): boolean {
  return journal.step({ taskId, round, step: kind === 'train' ? 'train' : 'reference' }) !== null;
}
