// From joining to the last round: the steps forward, there are no others.

import { refusal } from '@chorus/chain';
import { type Address, hasDeparted, type RoundState, type TaskState } from '@chorus/protocol';
import { keccak256, toBeHex, zeroPadValue } from 'ethers';
import { takeEffect } from './departures.ts';
import type { Emit, MemoryLedger } from './ledger.ts';
import type { MemoryTask } from './task.ts';

/** Aggregators that have not departed, in the order of their windows. */
export function candidatesOf(state: TaskState, { drawnAggregator: first }: RoundState): Address[] {
  const inTurn = state.aggregators.map((_, i, all) => all[(first + i) % all.length]!);
  return inTurn.filter((a) => !hasDeparted(state, a));
}

/** How many windows of candidates have passed, at most all. */
export const turnOf = (state: TaskState, round: RoundState, now: number): number =>
  Math.min(candidatesOf(state, round).length, Math.floor((now - round.settleStart) / state.settleSeconds));

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
  // On the chain by a block and the openings' salts, which are not kept here.
  const seed = BigInt(keccak256(zeroPadValue(toBeHex((state.id << 32n) + BigInt(state.round)), 32)));
  const candidates = state.aggregators.filter((a) => !hasDeparted(state, a));
  round.drawnAggregator = state.aggregators.indexOf(candidates[Number(seed % BigInt(candidates.length))]!);
  round.phase = 'settle';
  round.settleStart = ledger.now();
  round.deadline = round.settleStart + (candidates.length + 1) * state.settleSeconds;
  const { deadline } = round;
  emit({ type: 'phase-changed', taskId: state.id, round: round.round, phase: 'settle', deadline });
}

export function nextRound(ledger: MemoryLedger, task: MemoryTask, emit: Emit): void {
  const { state } = task;
  task.lastEnded = state.round;
  if (!takeEffect(task) || state.round === state.rounds) {
    endTask(task, emit);
    return;
  }
  state.round++;
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
    drawnAggregator: 0,
    verdictsRequested: false,
    verdictsPosted: [],
  });
  emit({ type: 'phase-changed', taskId: state.id, round: state.round, phase: 'commit', deadline });
}

export function endTask(task: MemoryTask, emit: Emit): void {
  task.state.status = 'ended';
  emit({ type: 'task-ended', taskId: task.state.id });
}
