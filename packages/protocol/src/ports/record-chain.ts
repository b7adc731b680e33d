import type { Address } from '../hex.ts';
import type { Offence, Role } from '../task.ts';
import type { EventPosition } from './chain-events.ts';

/** An event of the chain that concerns an identity as a member of tasks. */
export type MemberEvent = { position: EventPosition; taskId: bigint } & (
  | { type: 'joined'; roles: Role[] }
  /** Amount in the token's smallest unit. */
  | { type: 'slashed'; round: number; offence: Offence; token: Address; amount: bigint }
  /** The member takes part until the end of this round; `dropped` if it was absent too often. */
  | { type: 'left'; round: number; dropped: boolean }
  /** A majority found its update unavailable, and what came of its contest. */
  | { type: 'case-resolved'; round: number; available: boolean }
);

/** What the chain knows of the conduct of members of tasks. */
export interface RecordChain {
  /** Every event that concerns an identity as a member of tasks, in the order of the chain. */
  memberEvents(agentId: bigint): Promise<MemberEvent[]>;
}
