import { SHARE_WORDS, unpackWords, WEIGHT_WORDS } from '@chorus/contracts';
import {
  type Address,
  type ChainEvent,
  type G1Point,
  type Hex,
  type MemberAccount,
  OFFENCES,
  ROLE_BITS,
  type Role,
  type RoundPhase,
  type RoundRecord,
  type RoundState,
  type RoundVerdict,
  type SettledRound,
  sameAddress,
  type TaskParams,
  type TaskState,
  type TaskStatus,
  type UnavailabilityCase,
  type VectorCommitment,
  type VerdictVote,
} from '@chorus/protocol';
import { type LogDescription, type Result, toUtf8String, ZeroHash } from 'ethers';
import { TASK_MANAGER } from './abis.ts';
import { lower } from './lower.ts';
import { bitsOf } from './signing.ts';

/** The decoded part of a log: an ethers log, or one from the event index. */
export interface RawLog {
  address: string;
  topics: readonly string[];
  data: string;
  blockNumber: number;
  transactionHash: string;
}

const STATUSES: readonly (TaskStatus | undefined)[] = [undefined, 'joining', 'running', 'ended'];
const PHASES: readonly (RoundPhase | undefined)[] = [
  undefined,
  'commit',
  'reference',
  'settle',
  'settled',
  'void',
];

const addresses = (value: unknown): Address[] => Array.from(value as Iterable<unknown>, lower);
const bigints = (value: unknown): bigint[] => Array.from(value as Iterable<bigint>, BigInt);
const point = (value: Result): G1Point => ({ x: BigInt(value.x), y: BigInt(value.y) });

/** Roles of their bits, in a fixed order. */
function rolesOf(bits: number): Role[] {
  return (Object.keys(ROLE_BITS) as Role[]).filter((role) => bits & ROLE_BITS[role]);
}

/** Bits of roles. */
export function roleBits(roles: readonly Role[]): number {
  return roles.reduce((bits, role) => bits | ROLE_BITS[role], 0);
}

function vectorCommitment(value: Result): VectorCommitment | null {
  const commitment = point(value.commitment);
  // The contract accepts finite points only, so (0, 0) stands for a missing point.
  if (commitment.x === 0n && commitment.y === 0n) return null;
  return { commitment, digest: value.digest as Hex };
}

/** Task parameters as the contract takes them. */
export function encodeParams(params: TaskParams): object {
  return { ...params, allowRoot: params.allowRoot ?? ZeroHash };
}

/** `getTask` as the port's task. */
export function decodeTask(id: bigint, view: Result): TaskState & { createdBlock: number } {
  const params = view.params as Result;
  const slashing = view.slashing as Result;
  return {
    id,
    token: lower(params.token),
    budget: params.budget,
    rounds: Number(params.rounds),
    minTrainers: Number(params.minTrainers),
    maxTrainers: Number(params.maxTrainers),
    minAggregators: Number(params.minAggregators),
    stake: params.stake,
    minValidators: Number(params.minValidators),
    aggregatorFeeBps: Number(params.aggregatorFeeBps),
    validatorFeeBps: Number(params.validatorFeeBps),
    joinSeconds: Number(params.joinSeconds),
    commitSeconds: Number(params.commitSeconds),
    referenceSeconds: Number(params.referenceSeconds),
    settleSeconds: Number(params.settleSeconds),
    dimension: Number(params.dimension),
    rule: params.rule,
    termsDigest: params.termsDigest,
    allowRoot: params.allowRoot === ZeroHash ? null : params.allowRoot,
    minReputation: Number(params.minReputation),
    vestingRounds: Number(params.vestingRounds),
    stagnationBps: Number(params.stagnationBps),
    minShareBps: Number(params.minShareBps),
    slashReporterBps: Number(params.slashReporterBps),
    slashBurnBps: Number(params.slashBurnBps),
    validators: addresses(params.validators),
    owner: lower(view.owner),
    agreement: view.agreement,
    status: STATUSES[Number(view.status)]!,
    remaining: view.remaining,
    round: Number(view.round),
    joinDeadline: Number(view.joinDeadline),
    trainers: addresses(view.trainers),
    aggregators: addresses(view.aggregators),
    activeValidators: addresses(view.activeValidators),
    departed: departedOf(view),
    totalCommitment: point(view.totalCommitment),
    verifier: lower(view.verifier),
    protocolFeeBps: Number(view.protocolFeeBps),
    contestSeconds: Number(view.contestSeconds),
    slashing: {
      trainerAbsence: Number(slashing.trainerAbsence),
      validatorAbsence: Number(slashing.validatorAbsence),
      aggregatorAbsence: Number(slashing.aggregatorAbsence),
      unavailable: Number(slashing.unavailable),
      falseVerdict: Number(slashing.falseVerdict),
      rejectedReference: Number(slashing.rejectedReference),
      absenceCap: Number(slashing.absenceCap),
      missedRounds: Number(slashing.missedRounds),
    },
    protocolFees: view.protocolFees,
    openCases: Number(view.openCases),
    createdBlock: Number(view.createdBlock),
  };
}

/** Members of a task that have departed; a member with two roles appears once. */
function departedOf(view: Result): Address[] {
  const among = (list: unknown, bitmap: bigint): Address[] => {
    const all = addresses(list);
    return bitsOf(bitmap).map((index) => all[index]!);
  };
  return [
    ...new Set([
      ...among(view.trainers, view.departedTrainers),
      ...among((view.params as Result).validators, view.departedValidators),
      ...among(view.aggregators, view.departedAggregators),
    ]),
  ];
}

/** Place of a validator among those that the task appointed. */
export function appointmentOf(task: Pick<TaskParams, 'validators'>, validator: string): number {
  return task.validators.findIndex((appointed) => sameAddress(appointed, validator));
}

/** `getRound` as the port's round; null before the first. */
export function decodeRound(task: TaskState, view: Result): RoundState | null {
  const phase = PHASES[Number(view.phase)];
  if (phase === undefined) return null;
  return {
    taskId: task.id,
    round: Number(view.number),
    phase,
    deadline: Number(view.deadline),
    settleStart: Number(view.settleStart),
    drawnAggregator: Number(view.drawnAggregator),
    updates: Array.from(view.updates as Iterable<Result>, vectorCommitment),
    references: Array.from(view.references as Iterable<Result>, (entry) => ({
      validator: lower(entry.validator),
      index: appointmentOf(task, entry.validator),
      seal: BigInt(entry.seal) === 0n ? null : (entry.seal as Hex),
      opened: vectorCommitment(entry.opened),
    })),
    verdictsRequested: view.verdictsRequested,
    verdictsPosted: bitsOf(view.verdictsPosted),
  };
}

/** `getMember` as the port's account; null for an address that is not a member. */
export function decodeMember(view: Result): MemberAccount | null {
  if (view.roles === 0n) return null;
  return {
    roles: rolesOf(Number(view.roles)),
    agentId: view.agentId,
    released: view.released,
    lastRound: view.lastRound === 0n ? null : Number(view.lastRound),
    absenceBps: Number(view.absenceBps),
    earned: view.earned,
    claimed: view.claimed,
    vesting: view.vesting,
  };
}

/** `getRecord` of a task with `trainers` trainers; null if the round left none, or is too old. */
export function decodeRecord(view: Result, trainers: number): RoundRecord | null {
  if (view.round === 0n) return null;
  return {
    round: Number(view.round),
    pool: view.pool,
    included: bitsOf(view.included),
    shares: unpackWords(bigints(view.shares), trainers, SHARE_WORDS),
  };
}

/** `getCase`; null if the trainer was not found unavailable. */
export function decodeCase(view: Result): UnavailabilityCase | null {
  if (view.deadline === 0n) return null;
  return {
    deadline: Number(view.deadline),
    accusers: bitsOf(view.accusers),
    resolved: view.resolved,
    available: bitsOf(view.available),
  };
}

/** The verdict and vote of a `VerdictPosted` event. */
function postedVerdict(args: Result): { verdict: RoundVerdict; vote: VerdictVote } {
  const vote = decodeVote(args.vote);
  const { lossBefore, lossAfter } = vote;
  const found = {
    unavailable: bitsOf(args.unavailable),
    rejected: bitsOf(args.rejected),
    novelty: point(args.novelty),
  };
  return { verdict: { ...found, lossBefore, lossAfter }, vote };
}

/** A vote of a settlement. */
export function decodeVote(vote: Result): VerdictVote {
  return {
    validator: lower(vote.validator),
    lossBefore: vote.lossBefore,
    lossAfter: vote.lossAfter,
    signature: vote.signature,
  };
}

/** The port's event for a log; null for a log that the port does not report. */
export function decodeEvent(log: RawLog): ChainEvent | null {
  const parsed = parse(log);
  if (parsed === null) return null;
  const { name, args } = parsed;
  const at = {
    position: { block: log.blockNumber, transaction: log.transactionHash as Hex },
    taskId: args.taskId as bigint,
  };
  const round = Number(args.round ?? 0);
  switch (name) {
    case 'TaskCreated':
      return {
        ...at,
        type: 'task-created',
        owner: lower(args.owner),
        termsDigest: args.termsDigest,
        budget: args.budget,
      };
    case 'Joined':
      return {
        ...at,
        type: 'joined',
        member: {
          address: lower(args.member),
          agentId: args.agentId,
          roles: rolesOf(Number(args.roles)),
          peerId: peerIdOf(args.peerId),
        },
      };
    case 'PhaseChanged':
      return {
        ...at,
        type: 'phase-changed',
        round,
        phase: PHASES[Number(args.phase)]!,
        deadline: Number(args.deadline),
      };
    case 'UpdateCommitted':
      return {
        ...at,
        type: 'update-committed',
        round,
        trainer: lower(args.trainer),
        commitment: { commitment: point(args.commitment), digest: args.digest },
      };
    case 'ReferenceSealed':
      return { ...at, type: 'reference-sealed', round, validator: lower(args.validator) };
    case 'ReferenceOpened':
      return {
        ...at,
        type: 'reference-opened',
        round,
        validator: lower(args.validator),
        commitment: { commitment: point(args.commitment), digest: args.digest },
      };
    case 'RoundSettled':
      return { ...at, type: 'round-settled', round, aggregator: lower(args.aggregator) };
    case 'RoundVoided':
      return { ...at, type: 'round-voided', round };
    case 'ToppedUp':
      return { ...at, type: 'topped-up', amount: args.amount };
    case 'Cancelled':
      return { ...at, type: 'task-cancelled' };
    case 'TaskEnded':
      return { ...at, type: 'task-ended' };
    case 'MemberSlashed':
      return {
        ...at,
        type: 'slashed',
        round,
        member: lower(args.member),
        offence: OFFENCES[Number(args.kind)]!,
        toTask: args.toTask,
      };
    case 'VerdictsRequested':
      return { ...at, type: 'verdicts-requested', round, aggregator: lower(args.aggregator) };
    case 'VerdictPosted':
      return { ...at, type: 'verdict-posted', round, ...postedVerdict(args) };
    case 'CaseOpened':
      return {
        ...at,
        type: 'case-opened',
        round,
        trainer: lower(args.trainer),
        deadline: Number(args.deadline),
      };
    case 'PayloadPublished':
      return { ...at, type: 'payload-published', round, trainer: lower(args.trainer) };
    case 'CaseContested':
      return {
        ...at,
        type: 'case-contested',
        round,
        trainer: lower(args.trainer),
        available: bitsOf(args.available),
        deadline: Number(args.deadline),
      };
    case 'CaseResolved':
      return {
        ...at,
        type: 'case-resolved',
        round,
        trainer: lower(args.trainer),
        available: args.available,
      };
    case 'MemberLeaving':
      return { ...at, type: 'member-leaving', round, member: lower(args.member), dropped: args.dropped };
    case 'StakeReleased':
      return { ...at, type: 'stake-released', member: lower(args.member) };
    case 'Refunded':
      return { ...at, type: 'refunded', amount: args.amount };
    default:
      return null;
  }
}

/** A `RoundSettled` log as the port's record of the round. */
export function decodeSettled(log: RawLog, gasUsed: bigint): SettledRound {
  const { args } = parse(log)!;
  const rewards = bigints(args.rewards);
  return {
    taskId: args.taskId,
    round: Number(args.round),
    aggregator: lower(args.aggregator),
    weights: unpackWords(bigints(args.weights), rewards.length, WEIGHT_WORDS),
    shares: unpackWords(bigints(args.shares), rewards.length, SHARE_WORDS),
    rewards,
    unavailable: bitsOf(args.unavailable),
    rejected: bitsOf(args.rejected),
    aggregate: point(args.aggregate),
    protocolFee: args.protocolFee,
    aggregatorFee: args.aggregatorFee,
    validatorFee: args.validatorFee,
    lossBefore: args.lossBefore,
    lossAfter: args.lossAfter,
    budget: args.budget,
    pool: args.pool,
    transaction: log.transactionHash as Hex,
    block: log.blockNumber,
    gasUsed,
  };
}

/** A log by the contract's ABI; null for an event of another version. */
export function parse(log: RawLog): LogDescription | null {
  return TASK_MANAGER.parseLog({ topics: [...log.topics], data: log.data });
}

/** Peer ids are text; bytes that are not UTF-8 come from a member that does not want peers to find it. */
function peerIdOf(bytes: string): string {
  try {
    return toUtf8String(bytes);
  } catch {
    return '';
  }
}
