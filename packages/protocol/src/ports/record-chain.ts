import type { MemberEvent } from '../member-record.ts';

/** What the chain knows of the conduct of members of tasks. */
export interface RecordChain {
  /** Every event that concerns an identity as a member of tasks, in the order of the chain. */
  memberEvents(agentId: bigint): Promise<MemberEvent[]>;
}
