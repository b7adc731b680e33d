import {
  type Duty,
  type RoundContext,
  type RoundState,
  sameAddress,
  type VectorCommitment,
} from '@chorus/protocol';
import type { TaskSession } from './session/task-session.ts';
import { settleRound } from './settle-round.ts';
import { commit, provide } from './stages/commit.ts';
import { openReference, sealReference } from './stages/reference.ts';
import { postVerdict } from './stages/vote.ts';

export interface DutyCircumstances {
  /** The newest state seen; null before the first round. */
  context: RoundContext | null;
  /** The round from which the duty was derived. */
  round: RoundState | null;
  /** Called when this account has settled the round. */
  settled: () => void;
}

/** Do what the chain requires of this account. */
export async function performDuty(
  session: TaskSession,
  { kind, round: number }: Duty,
  { context, round, settled }: DutyCircumstances,
): Promise<void> {
  const current = context?.round.round === number ? context : null;
  switch (kind) {
    case 'train':
      return commit(session, number);
    case 'seal-reference':
      return sealReference(session, number);
    case 'open-reference':
      return openReference(session, number);
    case 'provide-update': {
      const committed = ownCommitment(session, context, round);
      if (committed) await provide(session, number, committed);
      return;
    }
    case 'settle':
      if (!current) return;
      await settleRound(session, current);
      settled();
      return;
    case 'post-verdict':
      if (current) await postVerdict(session, current);
      return;
    case 'advance':
      await session.ports.chain.advance(session.taskId);
  }
}

/** What this account has committed to in the round. */
function ownCommitment(
  { ports }: TaskSession,
  context: RoundContext | null,
  round: RoundState | null,
): VectorCommitment | null {
  const index = context?.task.trainers.findIndex((t) => sameAddress(t, ports.chain.account)) ?? -1;
  return index < 0 ? null : (round?.updates[index] ?? null);
}
