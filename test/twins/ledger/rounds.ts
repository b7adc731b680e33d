// The phases of a round: what members do in each, and what becomes of those who do not.

import { refusal, sealOf } from '@chorus/chain';
import {
  type Address,
  type Hex,
  type Offence,
  openedReferences,
  type RoundState,
  type RoundVerdict,
  type VectorCommitment,
  type VerdictVote,
} from '@chorus/protocol';
import { isFiniteG1 } from '../bn254.ts';
import { checkNovelty } from './checks.ts';
import { endTask, enterReference, enterSettle, nextRound, openRound, start, turnOf } from './flow.ts';
import { type Emit, lower, type MemoryLedger } from './ledger.ts';
import { excused, slash } from './slashing.ts';
import type { MemoryTask } from './task.ts';
import { checkVote } from './votes.ts';

export function commit(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  account: Address,
  update: VectorCommitment,
  emit: Emit,
): void {
  const action = 'commit an update';
  const { task, round } = openRound(ledger, taskId, number, 'commit', action);
  const index = task.state.trainers.indexOf(account);
  if (index < 0) throw refusal('NotAMember', action);
  if (round.updates[index]) throw refusal('AlreadyCommitted', action);
  if (!isFiniteG1(update.commitment)) throw refusal('InvalidCommitment', action);
  round.updates[index] = structuredClone(update);
  emit({ type: 'update-committed', taskId, round: number, trainer: account, commitment: update });
  closeCommit(ledger, task, round, emit);
}

export function seal(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  account: Address,
  seal: Hex,
  emit: Emit,
): void {
  const action = 'seal a reference';
  const { task, round } = openRound(ledger, taskId, number, 'commit', action);
  const entry = round.references.find((r) => r.validator === account);
  if (!entry) throw refusal('NotAMember', action);
  if (entry.seal !== null) throw refusal('AlreadySealed', action);
  if (BigInt(seal) === 0n) throw refusal('EmptySeal', action);
  entry.seal = seal;
  emit({ type: 'reference-sealed', taskId, round: number, validator: account });
  closeCommit(ledger, task, round, emit);
}

export function open(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  account: Address,
  reference: VectorCommitment,
  salt: Hex,
  emit: Emit,
): void {
  const action = 'open a reference';
  const { task, round } = openRound(ledger, taskId, number, 'reference', action);
  const entry = round.references.find((r) => r.validator === account);
  if (!entry) throw refusal('NotAMember', action);
  if (entry.seal === null) throw refusal('NotSealed', action);
  if (entry.opened) throw refusal('AlreadyOpened', action);
  if (!isFiniteG1(reference.commitment)) throw refusal('InvalidCommitment', action);
  if (entry.seal !== sealOf(taskId, number, account, reference, salt)) {
    throw refusal('WrongOpening', action);
  }
  entry.opened = structuredClone(reference);
  emit({ type: 'reference-opened', taskId, round: number, validator: account, commitment: reference });
  if (round.references.every((r) => r.seal === null || r.opened !== null)) {
    enterSettle(ledger, task, round, emit);
  }
}

export function requestVerdicts(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  account: Address,
  emit: Emit,
): void {
  const action = 'request verdicts';
  const { task, round } = openRound(ledger, taskId, number, 'settle', action);
  if (!task.state.aggregators.includes(account)) throw refusal('NotAMember', action);
  const requested = turnOf(task.state, round, ledger.now());
  if (requested === task.state.aggregators.length) throw refusal('DeadlinePassed', action);
  if (round.verdictsRequested) throw refusal('AlreadyRequested', action);
  round.verdictsRequested = true;
  task.asked.set(number, { requested, agreed: null });
  emit({ type: 'verdicts-requested', taskId, round: number, aggregator: account });
}

export function postVerdict(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  verdict: RoundVerdict,
  vote: VerdictVote,
  emit: Emit,
): void {
  const action = 'post a verdict';
  const { task, round } = openRound(ledger, taskId, number, 'settle', action);
  if (!round.verdictsRequested) throw refusal('WrongPhase', action);
  const half = Math.floor(task.state.settleSeconds / 2);
  if (ledger.now() + half >= round.deadline) throw refusal('DeadlinePassed', action);
  if (verdict.unavailable.some((i) => !round.updates[i])) throw refusal('UnavailableNotCommitted', action);
  const opened = openedReferences(round).map((r) => r.index);
  if (verdict.rejected.some((i) => !opened.includes(i))) throw refusal('RejectedNotOpened', action);
  checkNovelty(task.state, verdict.novelty, action);
  const index = task.state.validators.indexOf(lower(vote.validator));
  checkVote(ledger, task, number, verdict, vote, new Set(), action);
  if (round.verdictsPosted.includes(index)) throw refusal('AlreadyPosted', action);
  round.verdictsPosted = [...round.verdictsPosted, index].sort((a, b) => a - b);
  task.posted.push(structuredClone({ round: number, verdict, vote }));
  const asked = task.asked.get(number)!;
  if (asked.agreed === null && !excused(task, round)) {
    asked.agreed = Math.floor((ledger.now() - round.settleStart + half) / task.state.settleSeconds);
  }
  emit({ type: 'verdict-posted', taskId, round: number, verdict, vote });
}

export function advance(ledger: MemoryLedger, taskId: bigint, account: Address, emit: Emit): void {
  const action = 'end a phase';
  const task = ledger.find(taskId);
  const { state } = task;
  if (state.status === 'ended') throw refusal('WrongPhase', action);
  if (state.status === 'joining') {
    if (ledger.now() < state.joinDeadline) throw refusal('DeadlineNotPassed', action);
    const enough =
      state.trainers.length >= state.minTrainers &&
      state.aggregators.length >= state.minAggregators &&
      state.activeValidators.length >= state.minValidators;
    if (enough) start(ledger, taskId, emit);
    else endTask(task, emit);
    return;
  }
  const round = task.rounds.at(-1)!;
  if (ledger.now() < round.deadline) throw refusal('DeadlineNotPassed', action);
  const { phase } = round;
  const sealed = round.references.filter((r) => r.seal !== null).length;
  const committed = round.updates.some((u) => u !== null);
  if (round.phase === 'commit' && committed && sealed >= state.minValidators) {
    enterReference(ledger, task, round, emit);
  } else if (round.phase === 'reference' && openedReferences(round).length >= state.minValidators) {
    enterSettle(ledger, task, round, emit);
  } else {
    round.phase = 'void';
    emit({ type: 'round-voided', taskId, round: round.round });
    nextRound(ledger, task, emit);
  }
  slashAbsent(ledger, task, { ...round, phase }, account, emit);
}

function closeCommit(ledger: MemoryLedger, task: MemoryTask, round: RoundState, emit: Emit): void {
  const all = round.updates.every((u) => u !== null) && round.references.every((r) => r.seal !== null);
  if (all) enterReference(ledger, task, round, emit);
}

/** Everybody whose deadline this was. */
function slashAbsent(
  ledger: MemoryLedger,
  task: MemoryTask,
  round: RoundState,
  reporter: Address,
  emit: Emit,
): void {
  const { state } = task;
  const punish = (member: Address, offence: Offence) =>
    slash(ledger, task, round.round, member, offence, reporter, emit);
  if (round.phase === 'commit') {
    for (const [i, trainer] of state.trainers.entries()) {
      if (!round.updates[i]) punish(trainer, 'trainer-absent');
    }
    for (const { validator, seal } of round.references) {
      if (seal === null) punish(validator, 'validator-absent');
    }
  } else if (round.phase === 'reference') {
    for (const { validator, seal, opened } of round.references) {
      if (seal !== null && opened === null) punish(validator, 'validator-absent');
    }
  } else {
    if (!excused(task, round)) {
      for (const candidate of state.aggregators) punish(candidate, 'aggregator-absent');
    }
    if (!round.verdictsRequested) return;
    for (const { validator, index } of round.references) {
      if (!round.verdictsPosted.includes(index)) punish(validator, 'validator-absent');
    }
  }
}
