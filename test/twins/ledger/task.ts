import type {
  Address,
  Member,
  Role,
  RoundRecord,
  RoundState,
  RoundVerdict,
  SettledRound,
  Settlement,
  TaskState,
  UnavailabilityCase,
  VerdictVote,
} from '@chorus/protocol';

/** What a task knows of one member. */
export interface MemoryMember {
  roles: Role[];
  agentId: bigint;
  released: boolean;
  earned: bigint;
  claimed: bigint;
  lastRound: number | null;
  absenceBps: number;
  /** The last round it was absent in, and how many in a row until then. */
  lastAbsent: number;
  absentRounds: number;
}

/** A task of the ledger in memory. Plain data: transactions that fail are undone by cloning it. */
export interface MemoryTask {
  state: TaskState;
  members: Member[];
  accounts: Map<Address, MemoryMember>;
  rounds: RoundState[];
  settled: Map<number, SettledRound>;
  settlements: Map<number, Settlement>;
  records: Map<number, RoundRecord>;
  cases: Map<string, UnavailabilityCase>;
  /** By round: the window in which verdicts were asked for, and the first with half of it left when a majority agreed. */
  asked: Map<number, { requested: number; agreed: number | null; by: Address; fee: bigint }>;
  posted: { round: number; verdict: RoundVerdict; vote: VerdictVote }[];
  published: Map<string, Uint8Array>;
  attested: Set<number>;
  rated: Set<Address>;
  validations: Set<bigint>;
  /** The last round that has ended, settled or void. */
  lastEnded: number;
}

/** Rounds whose records are kept. */
export const RECORDS = 16;

/** Of a trainer's rewards, what vesting has not released yet. */
export function vestingOf(task: MemoryTask, account: Address): bigint {
  const { state, records, lastEnded } = task;
  const span = state.vestingRounds;
  const index = state.trainers.indexOf(account);
  if (span === 0 || index < 0 || state.status === 'ended') return 0n;
  let vesting = 0n;
  for (const record of records.values()) {
    const age = lastEnded - record.round;
    if (age >= span) continue;
    const reward = (record.pool * BigInt(record.shares[index] ?? 0)) >> 32n;
    vesting += (reward * BigInt(span - age)) / BigInt(span);
  }
  return vesting;
}

/** What a trainer could claim of this task now. */
export function releasedOf(task: MemoryTask, account: Address): bigint {
  const member = task.accounts.get(account);
  return member ? member.earned - vestingOf(task, account) - member.claimed : 0n;
}
