// The phases of a round: what members do in each, and what becomes of those who do not.

import { refusal, sealOf } from '@chorus/chain';
import {
  type Address,
  type Hex,
  hasDeparted,
  type Offence,
  openedReferences,
  type RoundState,
  type RoundVerdict,
  type VectorCommitment,
  type VerdictVote,
  verdictsCost,
} from '@chorus/protocol';
import { isFiniteG1 } from '../bn254.ts';
import { checkNovelty } from './checks.ts';
import { noteAbsence, requirePresent } from './departures.ts';
import {
  candidatesOf,
  endTask,
  enterReference,
  enterSettle,
  nextRound,
  openRound,
  start,
  turnOf,
} from './flow.ts';
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
  requirePresent(task, account, action);
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
  requirePresent(task, account, action);
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
  requirePresent(task, account, action);
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
  const { state } = task;
  const requested = turnOf(state, round, ledger.now());
  const candidates = candidatesOf(state, round);
  if (requested === candidates.length) throw refusal('DeadlinePassed', action);
  if (candidates[requested] !== account) throw refusal('NotYourTurn', action);
  const opens = round.settleStart + requested * state.settleSeconds;
  if (ledger.now() < opens + Math.floor(state.settleSeconds / 2)) throw refusal('DeadlineNotPassed', action);
  if (round.verdictsRequested) throw refusal('AlreadyRequested', action);
  round.verdictsRequested = true;
  const cost = verdictsCost(state);
  const fee = cost / BigInt(presentValidators(task).length);
  task.asked.set(number, { requested, agreed: null, by: account, fee });
  ledger.money.transfer(state.token, account, ledger.contract, cost, action);
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
  if (hasDeparted(task.state, lower(vote.validator))) throw refusal('InvalidVotes', action);
  checkVote(ledger, task, number, verdict, vote, new Set(), action);
  if (round.verdictsPosted.includes(index)) throw refusal('AlreadyPosted', action);
  round.verdictsPosted = [...round.verdictsPosted, index].sort((a, b) => a - b);
  task.posted.push(structuredClone({ round: number, verdict, vote }));
  const asked = task.asked.get(number)!;
  ledger.owed.mint(task.state.token, lower(vote.validator), asked.fee);
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
  const absent = absentIn(task, round);
  for (const [member] of absent) noteAbsence(task, member, emit);
  const sealed = round.references.filter((r) => r.seal !== null).length;
  const committed = round.updates.some((u) => u !== null);
  if (round.phase === 'commit' && committed && sealed >= state.minValidators) {
    enterReference(ledger, task, round, emit);
  } else if (round.phase === 'reference' && openedReferences(round).length >= state.minValidators) {
    enterSettle(ledger, task, round, emit);
  } else {
    round.phase = 'void';
    emit({ type: 'round-voided', taskId, round: round.round });
    giveBackVerdictFees(ledger, task, round);
    nextRound(ledger, task, emit);
  }
  for (const [member, offence] of absent) slash(ledger, task, round.round, member, offence, account, emit);
}

const presentValidators = ({ state }: MemoryTask): Address[] =>
  state.activeValidators.filter((v) => !hasDeparted(state, v));

/** The round is over: what no validator has earned is the candidate's again that paid it. */
export function giveBackVerdictFees(ledger: MemoryLedger, task: MemoryTask, round: RoundState): void {
  const asked = task.asked.get(round.round);
  if (!asked) return;
  const silent = presentValidators(task).length - round.verdictsPosted.length;
  ledger.owed.mint(task.state.token, asked.by, asked.fee * BigInt(silent));
}

function closeCommit(ledger: MemoryLedger, task: MemoryTask, round: RoundState, emit: Emit): void {
  const { state } = task;
  const all =
    round.updates.every((u, i) => u !== null || hasDeparted(state, state.trainers[i]!)) &&
    round.references.every((r) => r.seal !== null || hasDeparted(state, r.validator));
  if (all) enterReference(ledger, task, round, emit);
}

/** The members that missed the deadline of the phase that has run out. */
function absentIn(task: MemoryTask, round: RoundState): [Address, Offence][] {
  const { state } = task;
  const present = (account: Address): boolean => !hasDeparted(state, account);
  const references = round.references.filter((r) => present(r.validator));
  const validators = (list: typeof references): [Address, Offence][] =>
    list.map(({ validator }) => [validator, 'validator-absent']);
  if (round.phase === 'commit') {
    const unsealed = references.filter((r) => r.seal === null);
    // Where too few validators sealed, no trainer could have saved the round.
    const quorum = references.length - unsealed.length >= state.minValidators;
    const trainers = state.trainers.filter((t, i) => quorum && !round.updates[i] && present(t));
    return [...trainers.map((t): [Address, Offence] => [t, 'trainer-absent']), ...validators(unsealed)];
  }
  if (round.phase === 'reference') {
    return validators(references.filter((r) => r.seal !== null && r.opened === null));
  }
  const blamed = excused(task, round) ? [] : state.aggregators.filter(present);
  const silent = references.filter((r) => round.verdictsRequested && !round.verdictsPosted.includes(r.index));
  return [...blamed.map((a): [Address, Offence] => [a, 'aggregator-absent']), ...validators(silent)];
}
