import { hasGroups, isChecker, openedReferences, type RoundContext, type RoundState } from '@chorus/protocol';
import { checkPayloads } from './checks/check-payloads.ts';
import { headOf } from './checks/payload-checks.ts';
import type { TaskSession } from './session/task-session.ts';

/** Phases in which something is fetched before it is needed. */
const PREFETCHED: readonly RoundState['phase'][] = ['commit', 'reference', 'settle'];

/**
 * The key of what a validator or candidate can fetch now; each key is fetched once. Null if there is nothing to
 * fetch.
 * @param current whether the model is the one that the round begins from
 */
export function prefetchKey(session: TaskSession, context: RoundContext, current: boolean): string | null {
  const { round } = context;
  if (!PREFETCHED.includes(round.phase)) return null;
  if (!isChecker(context.task, session.ports.chain.account)) return null;
  // The public vectors of earlier rounds need the round's initial model.
  if (round.phase === 'commit' && !current) return null;
  // Fetch again with each opened reference: its author may be offline when the round is settled.
  return `prefetch:${round.round}:${round.phase}:${openedReferences(round).length}`;
}

/**
 * Fetch and check what a verdict or an aggregation needs, as soon as it is available; while updates are open, fetch
 * the public vectors of earlier rounds. A failed fetch is retried when the result is needed.
 */
export async function prefetch(
  session: TaskSession,
  context: RoundContext,
  isCurrent: () => boolean,
): Promise<void> {
  const { round, phase } = context.round;
  try {
    if (phase === 'commit') {
      const novel = hasGroups(session.terms.rule) && session.terms.novelty !== 'off';
      if (novel) await session.histories.vectors(context, round);
      return;
    }
    const found = await checkPayloads(session, context);
    // The model may have caught up meanwhile, or moved on to the next round.
    if (phase === 'settle' && isCurrent() && found.references.length > 0)
      await headOf(session, context, found);
  } catch {
    // The stage that needs it reports it.
  }
}
