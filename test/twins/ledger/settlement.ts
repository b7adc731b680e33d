// The end of a round: who settles, what is checked, who is paid.

import { refusal } from '@chorus/chain';
import {
  type Address,
  hasDeparted,
  openedReferences,
  type RoundState,
  type SettledRound,
  type Settlement,
  settlementCandidate,
} from '@chorus/protocol';
import { addG1 } from '../bn254.ts';
import { checkNovelty, checkNumbers } from './checks.ts';
import { noteAbsence } from './departures.ts';
import { candidatesOf, nextRound, openRound, turnOf } from './flow.ts';
import type { Emit, MemoryLedger } from './ledger.ts';
import { giveBackVerdictFees } from './rounds.ts';
import { excused, slash } from './slashing.ts';
import { type MemoryTask, RECORDS } from './task.ts';
import { checkVote } from './votes.ts';

const lowerMedian = (values: bigint[]): bigint =>
  values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))[Math.floor((values.length - 1) / 2)] ?? 0n;

export function settle(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  account: Address,
  given: Settlement,
  emit: Emit,
): void {
  const action = 'settle a round';
  const { task, round } = openRound(ledger, taskId, number, 'settle', action);
  const { state } = task;
  const candidate = settlementCandidate(state, round, ledger.now());
  if (candidate !== null && candidate !== account) throw refusal('NotYourTurn', action);
  if (given.unavailable.some((index) => !round.updates[index])) {
    throw refusal('UnavailableNotCommitted', action);
  }
  const opened = openedReferences(round);
  if (given.rejected.some((index) => !opened.some((r) => r.index === index))) {
    throw refusal('RejectedNotOpened', action);
  }
  if (given.rejected.length >= opened.length) throw refusal('NoReferenceLeft', action);
  if (2 * given.votes.length <= state.activeValidators.length) throw refusal('NotEnoughVotes', action);
  const { unavailable, rejected, novelty } = given;
  checkNovelty(state, novelty, action);
  const seen = new Set<Address>();
  for (const vote of given.votes) {
    if (hasDeparted(state, vote.validator)) throw refusal('InvalidVotes', action);
    const verdict = {
      unavailable,
      rejected,
      novelty,
      lossBefore: vote.lossBefore,
      lossAfter: vote.lossAfter,
    };
    checkVote(ledger, task, number, verdict, vote, seen, action);
  }
  const included = round.updates.flatMap((update, index) =>
    update && !unavailable.includes(index) ? [index] : [],
  );
  checkNumbers(given, included, action);
  const { chainId, contract } = ledger;
  ledger.verify({ chainId, contract, task: state, round, prover: account, included }, given);
  state.totalCommitment = addG1(state.totalCommitment, given.aggregate);
  round.phase = 'settled';
  const paid = paidOf(given, included.length, state.minShareBps);
  const settled = pay(ledger, task, round, account, given, paid);
  task.settled.set(number, settled);
  task.settlements.set(
    number,
    structuredClone({ ...given, weights: settled.weights, shares: settled.shares }),
  );
  task.records.delete(number - RECORDS);
  task.records.set(number, {
    round: number,
    pool: settled.pool,
    included,
    shares: state.trainers.map((_, i) => paid[i] ?? 0),
  });
  emit({ type: 'round-settled', taskId, round: number, aggregator: account });
  const accusers = [...seen].map((v) => state.validators.indexOf(v)).sort((a, b) => a - b);
  for (const index of unavailable) {
    const deadline = ledger.now() + state.contestSeconds;
    task.cases.set(`${number}/${index}`, { deadline, accusers, resolved: false, available: [] });
    state.openCases++;
    emit({ type: 'case-opened', taskId, round: number, trainer: state.trainers[index]!, deadline });
  }
  const skipped = skippedIn(task, round, turnOf(state, round, ledger.now()));
  giveBackVerdictFees(ledger, task, round);
  for (const member of skipped) noteAbsence(task, member, emit);
  nextRound(ledger, task, emit);
  for (const member of skipped) slash(ledger, task, number, member, 'aggregator-absent', account, emit);
  for (const index of rejected) {
    slash(ledger, task, number, state.validators[index]!, 'rejected-reference', account, emit);
  }
}

/** Shares but those below the task's part of the equal share, in the contract's own arithmetic. */
function paidOf({ shares }: Settlement, included: number, minShareBps: number): number[] {
  const least = BigInt(minShareBps) << 32n;
  return shares.map((share) => (BigInt(share) * BigInt(included) * 10_000n < least ? 0 : share));
}

function pay(
  ledger: MemoryLedger,
  task: MemoryTask,
  round: RoundState,
  aggregator: Address,
  given: Settlement,
  paid: number[],
): SettledRound {
  const { state, accounts } = task;
  const budget = state.remaining / BigInt(state.rounds - round.round + 1);
  const part = (bps: number, of = budget): bigint => (of * BigInt(bps)) / 10_000n;
  const protocolFee = part(state.protocolFeeBps);
  const aggregatorFee = part(state.aggregatorFeeBps);
  const lossBefore = lowerMedian(given.votes.map((v) => v.lossBefore));
  const lossAfter = lowerMedian(given.votes.map((v) => v.lossAfter));
  const whole = budget - protocolFee - aggregatorFee - part(state.validatorFeeBps);
  const stagnated = state.stagnationBps < 10_000 && lossAfter >= lossBefore;
  const pool = stagnated ? part(state.stagnationBps, whole) : whole;
  const validators = openedReferences(round, given.rejected).map((r) => r.validator);
  const each = part(state.validatorFeeBps) / BigInt(validators.length);
  const rewards = state.trainers.map((_, i) => (pool * BigInt(paid[i] ?? 0)) >> 32n);
  state.protocolFees += protocolFee;
  state.remaining -= protocolFee + aggregatorFee;
  ledger.owed.mint(state.token, aggregator, aggregatorFee);
  for (const validator of validators) {
    state.remaining -= each;
    ledger.owed.mint(state.token, validator, each);
  }
  for (const [i, reward] of rewards.entries()) {
    state.remaining -= reward;
    accounts.get(state.trainers[i]!)!.earned += reward;
  }
  return {
    taskId: state.id,
    round: round.round,
    aggregator,
    weights: state.trainers.map((_, i) => given.weights[i] ?? 0),
    shares: state.trainers.map((_, i) => given.shares[i] ?? 0),
    rewards,
    unavailable: given.unavailable.toSorted((a, b) => a - b),
    rejected: given.rejected.toSorted((a, b) => a - b),
    aggregate: { ...given.aggregate },
    protocolFee,
    aggregatorFee,
    validatorFee: each * BigInt(validators.length),
    lossBefore,
    lossAfter,
    budget,
    pool,
    transaction: '0x',
    block: 0,
    gasUsed: 0n,
  };
}

/** Candidates that let their window pass although the validators' votes were available. */
function skippedIn(task: MemoryTask, round: RoundState, turn: number): Address[] {
  if (excused(task, round)) return [];
  const { requested, agreed } = task.asked.get(round.round) ?? { requested: turn, agreed: 0 };
  const passed = candidatesOf(task.state, round).slice(0, turn);
  return passed.filter((_, i) => i < requested || i >= (agreed ?? 0));
}
