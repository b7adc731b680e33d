import type { VerdictVote } from '@chorus/protocol';
import { type Examination, examineRound } from './examine.ts';
import { measureLosses } from './losses.ts';
import { lookAgainTimeout, type RoundContext, type TaskSession } from './session.ts';

type Losses = Pick<VerdictVote, 'lossBefore' | 'lossAfter'>;

/** What this node has found, measured and signed of one round. */
interface Findings {
  round: number;
  looking: Promise<Examination> | null;
  losses: Map<string, Promise<Losses>>;
  signed: Map<string, VerdictVote>;
}

const KNOWN = new WeakMap<TaskSession, Findings>();

/** Of the newest round that was asked about: those before it are over. */
function findingsOf(session: TaskSession, round: number): Findings {
  const known = KNOWN.get(session);
  if (known?.round === round) return known;
  const fresh: Findings = { round, looking: null, losses: new Map(), signed: new Map() };
  if (!known || known.round < round) KNOWN.set(session, fresh);
  return fresh;
}

/** Look for the round's vectors once more, briefly: one look at a time, however many ask for it. */
export function lookAgain(session: TaskSession, context: RoundContext): Promise<Examination> {
  const findings = findingsOf(session, context.round.round);
  if (findings.looking) return findings.looking;
  const looking = examineRound(session, context, lookAgainTimeout(context.task)).finally(() => {
    findings.looking = null;
  });
  findings.looking = looking;
  return looking;
}

/** The losses of a round done with these vectors, measured once: it costs two evaluations of the model. */
export function lossesOf(session: TaskSession, context: RoundContext, found: Examination): Promise<Losses> {
  const { losses } = findingsOf(session, context.round.round);
  const key = `${found.unavailable}/${found.rejected}`;
  const known = losses.get(key);
  if (known) return known;
  const measuring = measureLosses(session, context, found);
  losses.set(key, measuring);
  measuring.catch(() => losses.delete(key));
  return measuring;
}

/** What this node has signed in a round, by the verdict: it is out, and given again to whoever asks. */
export function signedIn(session: TaskSession, round: number): Map<string, VerdictVote> {
  return findingsOf(session, round).signed;
}
