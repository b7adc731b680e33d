import { CHECK_WORDS } from '../proof/words.ts';
import type { ProofState } from '../state/proof.ts';

type Found = Extract<ProofState, { step: 'checked' }>['checked'];
type Outcome = 'waiting' | 'holds' | 'fails' | 'skipped' | 'unknown';

const MARKS: Readonly<Record<Outcome, string>> = {
  waiting: '…',
  holds: '✓',
  fails: '✗',
  skipped: '–',
  unknown: '?',
};

const SPOKEN: Readonly<Record<Outcome, string>> = {
  waiting: 'not checked yet',
  holds: 'holds',
  fails: 'fails',
  skipped: 'not checked',
  unknown: 'cannot be checked here',
};

/** What was found of one check; a check that builds on a failed one has not run. */
function outcomeOf(name: string, found: Found | null): { outcome: Outcome; detail: string | null } {
  if (!found) return { outcome: 'waiting', detail: null };
  const check = found.checks.find((each) => each.check === name);
  const detail = check?.detail ?? null;
  if (check) {
    const isSkipped = detail?.startsWith('not checked') ?? false;
    return { outcome: check.ok ? 'holds' : isSkipped ? 'skipped' : 'fails', detail };
  }
  const { gram, missing, transaction } = found.material;
  if (name === 'transaction' && transaction === null) {
    return { outcome: 'unknown', detail: "the node's endpoint of the chain does not give it" };
  }
  const needsProducts = name === 'matrix' || name === 'recomputed';
  return needsProducts && gram === null
    ? { outcome: 'unknown', detail: missing }
    : { outcome: 'skipped', detail: null };
}

/** In one sentence: whether all checks hold, computed in this browser. */
export function Verdict({ found }: { found: Found | null }) {
  if (!found)
    return (
      <p class="quiet" role="status">
        This browser checks the proof.
      </p>
    );
  const outcomes = CHECK_WORDS.map(({ check }) => outcomeOf(check, found).outcome);
  const failed = outcomes.filter((outcome) => outcome === 'fails').length;
  const held = outcomes.filter((outcome) => outcome === 'holds').length;
  const milliseconds = found.checks.reduce((sum, check) => sum + check.milliseconds, 0);
  if (failed > 0)
    return (
      <div class="notice bad" role="alert">
        <strong>This round does not hold: {failed === 1 ? 'a check fails' : `${failed} checks fail`}.</strong>
        <p>
          What this node gave of the round cannot have been settled by the contract that it names. See below
          which check fails, and ask the chain itself.
        </p>
      </div>
    );
  return (
    <p class="well" role="status">
      <strong>
        <span aria-hidden="true">✓</span> Proven.
      </strong>{' '}
      This browser has just computed {held} checks of this round in {Math.round(milliseconds)} ms, and all
      hold: the weights, the rewards and the new model follow from what the trainers had committed to, by the
      task's rule.
    </p>
  );
}

/** Each check by its name: green only if this browser has computed it. */
export function Checks({ found }: { found: Found | null }) {
  return (
    <ul class="checks">
      {CHECK_WORDS.map(({ check, name, says }) => {
        const { outcome, detail } = outcomeOf(check, found);
        return (
          <li key={check} class={outcome} data-check={check}>
            <span class="mark" role="img" aria-label={SPOKEN[outcome]}>
              {MARKS[outcome]}
            </span>
            <div>
              <strong>{name}</strong>
              {outcome !== 'holds' && outcome !== 'waiting' && <em> {SPOKEN[outcome]}</em>}
              <p class="quiet">{says}</p>
              {outcome !== 'holds' && detail !== null && <p class="fault">{detail}</p>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
