import { lookAgainTimeout, type RoundContext, type RoundState, type VerdictVote } from '@chorus/protocol';
import { textOf } from '../../payloads/fetch-vector.ts';
import type { TaskSession } from '../session/task-session.ts';
import { checkPayloads, type PayloadChecks } from './check-payloads.ts';
import { type HeadRows, headRows } from './head-rows.ts';
import { measureValidationLoss } from './validation-loss.ts';

type Losses = Pick<VerdictVote, 'lossBefore' | 'lossAfter'>;

/** What this node has found, measured and signed of one round. */
interface Findings {
  round: number;
  commitments: string;
  looking: Promise<PayloadChecks> | null;
  heads: Map<string, Promise<HeadRows>>;
  losses: Map<string, Promise<Losses>>;
  signed: Map<string, VerdictVote>;
}

const KNOWN = new WeakMap<TaskSession, Findings>();

/**
 * Kept for the newest requested round: earlier ones are over. If the chain was reorganised and the round has other
 * commitments now, earlier findings do not apply.
 */
function findingsOf(session: TaskSession, { round, updates, references }: RoundState): Findings {
  const known = KNOWN.get(session);
  const commitments = [...updates, ...references.map((r) => r.opened)]
    .map((committed) => committed && textOf(committed))
    .join(' ');
  if (known?.round === round && known.commitments === commitments) return known;
  const fresh: Findings = {
    round,
    commitments,
    looking: null,
    heads: new Map(),
    losses: new Map(),
    signed: new Map(),
  };
  if (!known || known.round <= round) KNOWN.set(session, fresh);
  return fresh;
}

/** Look for the round's vectors once more, briefly: one search at a time for all callers. */
export function lookAgain(session: TaskSession, context: RoundContext): Promise<PayloadChecks> {
  const findings = findingsOf(session, context.round);
  if (findings.looking) return findings.looking;
  const looking = checkPayloads(session, context, lookAgainTimeout(context.task)).finally(() => {
    findings.looking = null;
  });
  findings.looking = looking;
  return looking;
}

/**
 * The leading rows of a round's matrix for the references that count, computed once.
 * @param again if public vectors were missing, look for them once more
 */
export async function headOf(
  session: TaskSession,
  context: RoundContext,
  found: PayloadChecks,
  again = false,
): Promise<HeadRows> {
  const { heads } = findingsOf(session, context.round);
  const key = keyOf(found.references);
  const known = heads.get(key);
  if (known && (!again || (await known).missing.length === 0)) return known;
  const making = headRows(session, context, found, again);
  heads.set(key, making);
  making.catch(() => heads.delete(key));
  return making;
}

/** The leading rows for exactly these references, if they were requested; otherwise null. */
export async function knownHead(
  session: TaskSession,
  round: RoundState,
  references: readonly { index: number }[],
): Promise<HeadRows | null> {
  return (await findingsOf(session, round).heads.get(keyOf(references))) ?? null;
}

const keyOf = (references: readonly { index: number }[]): string =>
  references.map(({ index }) => index).join();

/** The losses of a round with these vectors, measured once: it costs two evaluations of the model. */
export function lossesOf(session: TaskSession, context: RoundContext, found: PayloadChecks): Promise<Losses> {
  const { losses } = findingsOf(session, context.round);
  const key = `${found.unavailable}/${found.rejected}`;
  const known = losses.get(key);
  if (known) return known;
  const measuring = measureValidationLoss(session, context, found, () => headOf(session, context, found));
  losses.set(key, measuring);
  measuring.catch(() => losses.delete(key));
  return measuring;
}

/** This node's signatures in a round, by verdict: a signature that has been sent is sent again on request. */
export function signedIn(session: TaskSession, round: RoundState): Map<string, VerdictVote> {
  return findingsOf(session, round).signed;
}
