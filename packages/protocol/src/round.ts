import { type Address, type Hex, sameAddress } from './hex.ts';
import type { G1Point } from './settlement.ts';
import type { TaskState } from './task.ts';

/**
 * Phases of a round. The chain is the source of truth; a phase ends as soon as everyone has acted, or
 * when its deadline has passed and anyone calls `advance`.
 */
export type RoundPhase = 'commit' | 'reference' | 'settle' | 'settled' | 'void';

/** What a trainer or validator put on chain for one vector: its KZG commitment and the payload's digest. */
export interface VectorCommitment {
  commitment: G1Point;
  /** sha2-256 digest inside the payload's CID. */
  digest: Hex;
}

export interface ReferenceState {
  validator: Address;
  /** Its place among the task's appointed validators: bit of the contract's bitmaps. */
  index: number;
  /** Hash of the reference's commitment, digest and salt, sent while updates are still open. */
  seal: Hex | null;
  opened: VectorCommitment | null;
}

/** A round as the chain has it. */
export interface RoundState {
  taskId: bigint;
  round: number;
  phase: RoundPhase;
  /** Unix seconds at which `advance` may end the current phase (in `settle`: when the round becomes void). */
  deadline: number;
  /** Unix seconds at which the settle phase began; 0 before. */
  settleStart: number;
  /** One entry per trainer of the task, in index order; null if nothing was committed. */
  updates: (VectorCommitment | null)[];
  references: ReferenceState[];
  /** Index into the task's aggregators of the candidate drawn first; 0 before the settle phase. */
  drawnAggregator: number;
  /**
   * Whether a candidate requested the verdicts on chain, and which validators (by appointment) have posted
   * theirs.
   */
  verdictsRequested: boolean;
  verdictsPosted: number[];
}

/**
 * Whether `account` has left the task or was dropped from it: it has no duties, and no phase waits for it.
 */
export function hasDeparted(task: TaskState, account: Address): boolean {
  return task.departed.some((a) => sameAddress(a, account));
}

/** The aggregators that have not departed, in the order of their windows. */
function candidatesInTurn(task: TaskState, round: RoundState): Address[] {
  const { aggregators } = task;
  const inTurn = [
    ...aggregators.slice(round.drawnAggregator),
    ...aggregators.slice(0, round.drawnAggregator),
  ];
  return inTurn.filter((a) => !hasDeparted(task, a));
}

/**
 * What a candidate pays for verdicts on chain, in the task's token: half of what settling the round pays it,
 * rounded down to equal parts for the validators that take part. Validators that post get their part; the
 * rest comes back when the round ends.
 */
export function verdictsCost(task: TaskState): bigint {
  const validators = BigInt(task.activeValidators.filter((v) => !hasDeparted(task, v)).length);
  if (validators === 0n) return 0n;
  const budget = task.remaining / BigInt(task.rounds - task.round + 1);
  const each = (budget * BigInt(task.aggregatorFeeBps)) / 10_000n / 2n / validators;
  return each * validators;
}

/**
 * The unix seconds between which `account` may request verdicts on chain: the second half of its own window
 * of the settle phase; null if it has no window.
 */
export function requestWindow(
  task: TaskState,
  round: RoundState,
  account: Address,
): { from: number; to: number } | null {
  const turn = candidatesInTurn(task, round).findIndex((a) => sameAddress(a, account));
  if (turn < 0 || round.phase !== 'settle') return null;
  const opens = round.settleStart + turn * task.settleSeconds;
  return { from: opens + Math.floor(task.settleSeconds / 2), to: opens + task.settleSeconds };
}

/** The trainers (indices from 0) that committed an update in this round. */
export function committedTrainers(round: Pick<RoundState, 'updates'>): number[] {
  return round.updates.flatMap((update, index) => (update === null ? [] : [index]));
}

/** A reference that was opened in time. */
export interface OpenedReference extends VectorCommitment {
  validator: Address;
  /** Its place among the task's appointed validators. */
  index: number;
}

/**
 * The references that were opened in time, without those of the `rejected` validators: the summands of the
 * leading rows.
 */
export function openedReferences(
  round: Pick<RoundState, 'references'>,
  rejected: readonly number[] = [],
): OpenedReference[] {
  return round.references.flatMap(({ validator, index, opened }) =>
    opened && !rejected.includes(index) ? [{ validator, index, ...opened }] : [],
  );
}

/** The groups of references that a rule may score by. */
export const REFERENCE_GROUPS = 3;

/**
 * References by group, for rules with groups: validator j of the appointment is in group j mod 3, and a group may be
 * empty. Fewer than three appointed validators make no groups: each of the three then holds every reference.
 * @param appointed validators that the task appointed, whether they joined or not
 */
export function referenceGroups<T extends { index: number }>(
  references: readonly T[],
  appointed: number,
): [T[], T[], T[]] {
  const group = (k: number): T[] =>
    references.filter(({ index }) => appointed < REFERENCE_GROUPS || index % REFERENCE_GROUPS === k);
  return [group(0), group(1), group(2)];
}

/**
 * Who may settle at time `now` (unix seconds): the drawn candidate in its window, then the others in order
 * with one window each, then anyone (null). Aggregators that have departed have no window.
 */
export function settlementCandidate(task: TaskState, round: RoundState, now: number): Address | null {
  const turn = Math.floor(Math.max(0, now - round.settleStart) / task.settleSeconds);
  return candidatesInTurn(task, round)[turn] ?? null;
}

/** Unix seconds from which `account` may settle: in its own window, or with everyone after the last. */
export function settlementOpensAt(task: TaskState, round: RoundState, account: Address): number {
  const candidates = candidatesInTurn(task, round);
  const turn = candidates.findIndex((a) => sameAddress(a, account));
  return round.settleStart + (turn < 0 ? candidates.length : turn) * task.settleSeconds;
}

/** Progress that a member announces to the others. */
export const PRESENCE_STAGES = ['joined', 'training', 'committed', 'providing', 'aggregating'] as const;
export type PresenceStage = (typeof PRESENCE_STAGES)[number];

/**
 * The progress of `account` in the current round as announced to the other members, derived from chain state
 * alone.
 */
export function stageOf(account: Address, task: TaskState, round: RoundState): PresenceStage {
  const trainer = task.trainers.findIndex((t) => sameAddress(t, account));
  const validator = round.references.find((r) => sameAddress(r.validator, account));
  if (trainer < 0 && !validator) {
    const candidate = task.aggregators.some((a) => sameAddress(a, account));
    return candidate && round.phase === 'settle' ? 'aggregating' : 'joined';
  }
  const committed = trainer >= 0 ? round.updates[trainer] : validator?.seal;
  if (round.phase === 'commit') return committed ? 'committed' : 'training';
  return committed ? 'providing' : 'joined';
}

/**
 * An action that the state of the chain requires of one account now, or from a stated time on (unix seconds).
 */
export type Duty =
  | { kind: 'train'; round: number }
  | { kind: 'seal-reference'; round: number }
  | { kind: 'provide-update'; round: number }
  | { kind: 'open-reference'; round: number }
  | { kind: 'settle'; round: number; from: number }
  | { kind: 'post-verdict'; round: number }
  | { kind: 'advance'; round: number; from: number };

/**
 * The duties of `account` in the current round, derived from chain state alone: recomputing it after a
 * crash or a missed event gives the same answer, so acting on it twice must be harmless.
 */
export function dutiesOf(account: Address, task: TaskState, round: RoundState | null): Duty[] {
  if (task.status === 'ended' || hasDeparted(task, account)) return [];
  if (task.status === 'joining' || round === null) {
    return [{ kind: 'advance', round: 0, from: task.joinDeadline }];
  }
  const duties: Duty[] = [];
  const number = round.round;
  const trainer = task.trainers.findIndex((t) => sameAddress(t, account));
  const update = trainer < 0 ? null : round.updates[trainer];
  const reference = round.references.find((r) => sameAddress(r.validator, account));
  if (round.phase === 'commit') {
    if (trainer >= 0 && update === null) duties.push({ kind: 'train', round: number });
    if (reference && reference.seal === null) duties.push({ kind: 'seal-reference', round: number });
  }
  if (round.phase === 'reference' || round.phase === 'settle') {
    if (update) duties.push({ kind: 'provide-update', round: number });
  }
  if (round.phase === 'reference' && reference && reference.seal !== null && reference.opened === null) {
    duties.push({ kind: 'open-reference', round: number });
  }
  if (
    round.phase === 'settle' &&
    round.verdictsRequested &&
    reference &&
    !round.verdictsPosted.includes(reference.index)
  ) {
    duties.push({ kind: 'post-verdict', round: number });
  }
  if (round.phase === 'settle' && task.aggregators.some((a) => sameAddress(a, account))) {
    duties.push({ kind: 'settle', round: number, from: settlementOpensAt(task, round, account) });
  }
  if (round.phase === 'commit' || round.phase === 'reference' || round.phase === 'settle') {
    duties.push({ kind: 'advance', round: number, from: round.deadline });
  }
  return duties;
}
