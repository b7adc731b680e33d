import { useEffect, useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import type { CheckedRound } from '../proof/check-round.ts';
import { checkInWorker } from '../proof/run.ts';
import { turn } from './node.ts';

/** How far the check of a round is. */
export type ProofState =
  /** The node is asked for the records. */
  | { step: 'asking' }
  /** This browser computes. */
  | { step: 'checking' }
  | { step: 'checked'; checked: CheckedRound }
  | { step: 'failed'; failure: Failure };

/** A settled round does not change: its check is made once, each time the page is opened. What failed is tried again. */
export function useProof(api: Api, task: string, round: number): ProofState {
  const about = `${task} ${round}`;
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<ProofState & { about: string; attempt: number }>({
    step: 'asking',
    about,
    attempt,
  });
  // Not settled, or not readable, a moment ago: perhaps now. An attempt that goes on is not begun again.
  useEffect(() => {
    if (state.step === 'failed' && state.about === about && state.attempt === attempt)
      setAttempt(attempt + 1);
  }, [turn.value]);
  useEffect(() => {
    const left = new AbortController();
    const now = (next: ProofState) => left.signal.aborted || setState({ ...next, about, attempt });
    const check = async () => {
      const document = await api.roundProof(task, round, left.signal);
      now({ step: 'checking' });
      now({ step: 'checked', checked: await checkInWorker(document, { task, round }, left.signal) });
    };
    check().catch((error: unknown) => now({ step: 'failed', failure: toFailure(error) }));
    return () => left.abort();
  }, [api, about, attempt]);
  return state.about === about ? state : { step: 'asking' };
}
