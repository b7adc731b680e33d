import { SHARE_WORDS, taskManager, unpackWords, WEIGHT_WORDS } from '@chorus/contracts';
import type {
  Address,
  ChainEvent,
  G1Point,
  Hex,
  Role,
  RoundPhase,
  RoundState,
  SettledRound,
  TaskState,
  TaskStatus,
  VectorCommitment,
} from '@chorus/protocol';
import { ROLE_BITS } from '@chorus/protocol';
import { Interface, type Log, type LogDescription, type Result, toUtf8String } from 'ethers';
import { bitsOf } from './signing.ts';

/** The task contract's functions, events and errors. */
export const TASK_MANAGER = new Interface(taskManager.abi);

const STATUSES: readonly (TaskStatus | undefined)[] = [undefined, 'joining', 'running', 'ended'];
const PHASES: readonly (RoundPhase | undefined)[] = [
  undefined,
  'commit',
  'reference',
  'settle',
  'settled',
  'void',
];

const address = (value: unknown): Address => String(value).toLowerCase() as Address;
const addresses = (value: unknown): Address[] => Array.from(value as Iterable<unknown>, address);
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
  // The contract accepts finite points only, so (0, 0) says that there is none.
  if (commitment.x === 0n && commitment.y === 0n) return null;
  return { commitment, digest: value.digest as Hex };
}

/** `getTask` as the port's task. */
export function decodeTask(id: bigint, view: Result): TaskState & { createdBlock: number } {
  const params = view.params as Result;
  return {
    id,
    token: address(params.token),
    budget: params.budget,
    rounds: Number(params.rounds),
    minTrainers: Number(params.minTrainers),
    maxTrainers: Number(params.maxTrainers),
    minAggregators: Number(params.minAggregators),
    stake: params.stake,
    aggregatorFeeBps: Number(params.aggregatorFeeBps),
    validatorFeeBps: Number(params.validatorFeeBps),
    joinSeconds: Number(params.joinSeconds),
    commitSeconds: Number(params.commitSeconds),
    referenceSeconds: Number(params.referenceSeconds),
    settleSeconds: Number(params.settleSeconds),
    dimension: Number(params.dimension),
    termsDigest: params.termsDigest,
    validators: addresses(params.validators),
    owner: address(view.owner),
    status: STATUSES[Number(view.status)]!,
    remaining: view.remaining,
    round: Number(view.round),
    joinDeadline: Number(view.joinDeadline),
    trainers: addresses(view.trainers),
    aggregators: addresses(view.aggregators),
    activeValidators: addresses(view.activeValidators),
    totalCommitment: point(view.totalCommitment),
    createdBlock: Number(view.createdBlock),
  };
}

/** `getRound` as the port's round; null before the first. */
export function decodeRound(taskId: bigint, view: Result): RoundState | null {
  const phase = PHASES[Number(view.phase)];
  if (phase === undefined) return null;
  return {
    taskId,
    round: Number(view.number),
    phase,
    deadline: Number(view.deadline),
    settleStart: Number(view.settleStart),
    drawnAggregator: Number(view.drawnAggregator),
    updates: Array.from(view.updates as Iterable<Result>, vectorCommitment),
    references: Array.from(view.references as Iterable<Result>, (entry) => ({
      validator: address(entry.validator),
      seal: BigInt(entry.seal) === 0n ? null : (entry.seal as Hex),
      opened: vectorCommitment(entry.opened),
    })),
  };
}

/** The port's event of a log; null for a log that the port does not tell. */
export function decodeEvent(log: Log): ChainEvent | null {
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
        owner: address(args.owner),
        termsDigest: args.termsDigest,
        budget: args.budget,
      };
    case 'Joined':
      return {
        ...at,
        type: 'joined',
        member: {
          address: address(args.member),
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
        trainer: address(args.trainer),
        commitment: { commitment: point(args.commitment), digest: args.digest },
      };
    case 'ReferenceSealed':
      return { ...at, type: 'reference-sealed', round, validator: address(args.validator) };
    case 'ReferenceOpened':
      return {
        ...at,
        type: 'reference-opened',
        round,
        validator: address(args.validator),
        commitment: { commitment: point(args.commitment), digest: args.digest },
      };
    case 'RoundSettled':
      return { ...at, type: 'round-settled', round, aggregator: address(args.aggregator) };
    case 'RoundVoided':
      return { ...at, type: 'round-voided', round };
    case 'TaskEnded':
      return { ...at, type: 'task-ended' };
    case 'StakeWithdrawn':
      return { ...at, type: 'stake-withdrawn', member: address(args.member), amount: args.amount };
    case 'Refunded':
      return { ...at, type: 'refunded', amount: args.amount };
    default:
      return null;
  }
}

/** A `RoundSettled` log as the port's record of the round. */
export function decodeSettled(log: Log, gasUsed: bigint): SettledRound {
  const { args } = parse(log)!;
  const rewards = bigints(args.rewards);
  return {
    taskId: args.taskId,
    round: Number(args.round),
    aggregator: address(args.aggregator),
    weights: unpackWords(bigints(args.weights), rewards.length, WEIGHT_WORDS),
    shares: unpackWords(bigints(args.shares), rewards.length, SHARE_WORDS),
    rewards,
    unavailable: bitsOf(args.unavailable),
    aggregate: point(args.aggregate),
    protocolFee: args.protocolFee,
    aggregatorFee: args.aggregatorFee,
    validatorFee: args.validatorFee,
    transaction: log.transactionHash as Hex,
    block: log.blockNumber,
    gasUsed,
  };
}

/** A log by the contract's ABI; null for an event of another version. */
export function parse(log: Log): LogDescription | null {
  return TASK_MANAGER.parseLog({ topics: [...log.topics], data: log.data });
}

/** Peer ids are text; bytes that are no UTF-8 come from a member that did not want to be found. */
function peerIdOf(bytes: string): string {
  try {
    return toUtf8String(bytes);
  } catch {
    return '';
  }
}
