import type { Address } from '../hex.ts';
import type { EventPosition } from '../ports/chain-events.ts';
import type { MemberEvent } from '../ports/record-chain.ts';
import type { Offence, Role } from '../task.ts';

/** What an offence says about a member. */
export type Misconduct =
  /** It did not do in time what it had promised. */
  | 'missed-duty'
  /** It lost a dispute: about its own update, or as an accuser. */
  | 'lost-dispute'
  /** A majority rejected its work. */
  | 'rejected-work'
  /** The task went on without it. */
  | 'dropped';

export interface RecordEntry {
  kind: Misconduct;
  /** Null for a member that was dropped. */
  offence: Offence | null;
  taskId: bigint;
  round: number;
  /** What it cost; null if that was nothing. */
  slashed: { token: Address; amount: bigint } | null;
  position: EventPosition;
}

/** An identity's conduct in tasks, as the chain tells it. */
export interface MemberRecord {
  /** Tasks that it joined, by role; one with two roles counts in both. */
  tasks: number;
  byRole: Record<Role, number>;
  missedDuties: number;
  lostDisputes: number;
  rejectedWork: number;
  dropped: number;
  /** Disputes about its own updates in which it was right. */
  wonDisputes: number;
  /** By token. */
  slashed: { token: Address; amount: bigint }[];
  /** The newest first. */
  entries: RecordEntry[];
}

const KINDS: Readonly<Record<Offence, Misconduct>> = {
  'trainer-absent': 'missed-duty',
  'validator-absent': 'missed-duty',
  'aggregator-absent': 'missed-duty',
  unavailable: 'lost-dispute',
  'false-verdict': 'lost-dispute',
  'rejected-reference': 'rejected-work',
};

/**
 * The record of an identity. Absences that cost nothing more, because those before reached the task's cap, leave no event:
 * a member that goes on being absent shows as dropped.
 * @param events of one identity, in the order of the chain
 */
export function memberRecord(events: readonly MemberEvent[]): MemberRecord {
  const entries = events.flatMap((event) => entryOf(event) ?? []).reverse();
  const count = (kind: Misconduct): number => entries.filter((entry) => entry.kind === kind).length;
  const joined = events.flatMap((event) => (event.type === 'joined' ? [event] : []));
  const inRole = (role: Role): number => joined.filter(({ roles }) => roles.includes(role)).length;
  const slashed = new Map<Address, bigint>();
  for (const { slashed: cost } of entries) {
    if (cost) slashed.set(cost.token, (slashed.get(cost.token) ?? 0n) + cost.amount);
  }
  return {
    tasks: joined.length,
    byRole: {
      trainer: inRole('trainer'),
      validator: inRole('validator'),
      aggregator: inRole('aggregator'),
    },
    missedDuties: count('missed-duty'),
    lostDisputes: count('lost-dispute'),
    rejectedWork: count('rejected-work'),
    dropped: count('dropped'),
    wonDisputes: events.filter((event) => event.type === 'case-resolved' && event.available).length,
    slashed: [...slashed].map(([token, amount]) => ({ token, amount })),
    entries,
  };
}

function entryOf(event: MemberEvent): RecordEntry | null {
  const { position, taskId } = event;
  if (event.type === 'slashed') {
    const { offence, round, token, amount } = event;
    return { kind: KINDS[offence], offence, taskId, round, slashed: { token, amount }, position };
  }
  if (event.type !== 'left' || !event.dropped) return null;
  return { kind: 'dropped', offence: null, taskId, round: event.round, slashed: null, position };
}
