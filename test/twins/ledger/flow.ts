// From joining to the last round: the steps forward, there are no others.

import { refusal } from '@chorus/chain';
import type { RoundState, TaskState } from '@chorus/protocol';
import { keccak256, toBeHex, zeroPadValue } from 'ethers';
import type { Emit, MemoryLedger } from './ledger.ts';
import type { MemoryTask } from './task.ts';

/** How many windows of candidates have passed, at most all. */
export const turnOf = (state: TaskState, round: RoundState, now: number): number =>
  Math.min(state.aggregators.length, Math.floor((now - round.settleStart) / state.settleSeconds));

export function openRound(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  phase: RoundState['phase'],
  action: string,
) {
  const task = ledger.find(taskId);
  const round = task.rounds.at(-1);
  if (task.state.status !== 'running' || round?.phase !== phase) throw refusal('WrongPhase', action);
  if (round.round !== number) throw refusal('WrongRound', action);
  if (ledger.now() >= round.deadline) throw refusal('DeadlinePassed', action);
  return { task, round };
}

export function start(ledger: MemoryLedger, taskId: bigint, emit: Emit): void {
  const task = ledger.find(taskId);
  task.state.status = 'running';
  nextRound(ledger, task, emit);
}

export function enterReference(
  ledger: MemoryLedger,
  { state }: MemoryTask,
  round: RoundState,
  emit: Emit,
): void {
  round.phase = 'reference';
  round.deadline = ledger.now() + state.referenceSeconds;
  const { deadline } = round;
  emit({ type: 'phase-changed', taskId: state.id, round: round.round, phase: 'reference', deadline });
}

export function enterSettle(
  ledger: MemoryLedger,
  { state }: MemoryTask,
  round: RoundState,
  emit: Emit,
): void {
  round.phase = 'settle';
  round.settleStart = ledger.now();
  round.deadline = round.settleStart + (state.aggregators.length + 1) * state.settleSeconds;
  const { deadline } = round;
  emit({ type: 'phase-changed', taskId: state.id, round: round.round, phase: 'settle', deadline });
}

export function nextRound(ledger: MemoryLedger, task: MemoryTask, emit: Emit): void {
  const { state } = task;
  task.lastEnded = state.round;
  if (state.round === state.rounds) {
    endTask(task, emit);
    return;
  }
  state.round++;
  const seed = BigInt(keccak256(zeroPadValue(toBeHex((state.id << 32n) + BigInt(state.round)), 32)));
  const deadline = ledger.now() + state.commitSeconds;
  task.rounds.push({
    taskId: state.id,
    round: state.round,
    phase: 'commit',
    deadline,
    settleStart: 0,
    updates: state.trainers.map(() => null),
    references: state.activeValidators.map((validator) => ({
      validator,
      index: state.validators.indexOf(validator),
      seal: null,
      opened: null,
    })),
    drawnAggregator: Number(seed % BigInt(state.aggregators.length)),
    verdictsRequested: false,
    verdictsPosted: [],
  });
  emit({ type: 'phase-changed', taskId: state.id, round: state.round, phase: 'commit', deadline });
}

export function endTask(task: MemoryTask, emit: Emit): void {
  task.state.status = 'ended';
  emit({ type: 'task-ended', taskId: task.state.id });
}
