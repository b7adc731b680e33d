import type { Transcript } from '@chorus/protocol';
import type { Findings } from '../onnx/jobs/language-messages.ts';

/**
 * What honest answers do not pass, and frauds do, by `audit.soak.ts`; the README of this package has its figures. Nats.
 *
 * Honest answers of SmolLM2-135M, written with 8 bits and checked in float32 or the other way round, need 0.023 at most
 * on average, 0.43 for one token, and are 0.121 apart. Between processors, whose kernels for 8 bits differ, nothing was
 * measured.
 */
export const AUDIT_LIMITS = {
  /** Mean of what the tokens of an answer need. */
  needed: 0.035,
  /** Most that one token needs: most edited ones need more. */
  token: 1.5,
  /** Mean distance of the listed tokens. */
  distance: 0.2,
  /** Tokens below which means say nothing. */
  tokens: 16,
} as const;

/** One thing that an honest answer has. */
export interface AuditCheck {
  check: 'settings' | 'sampling' | 'token' | 'probabilities' | 'ending';
  /** Null: the answer is too short to say. */
  ok: boolean | null;
  detail: string;
}

/** Whether a transcript is what a model writes, and why. */
export interface Verdict {
  verdict: 'consistent' | 'inconsistent' | 'undecided';
  checks: AuditCheck[];
  /** Nats; of one answer. */
  figures: { tokens: number; needed: number; token: number; distance: number };
}

/**
 * Whether what a model says to a transcript is within what honest runs of that model differ by.
 *
 * `consistent` does not mean that the answer is the only one: a seller that chooses the seed may write several answers
 * and give the one it likes.
 */
export function verdictOf(
  { reason, sampling }: Pick<Transcript, 'reason' | 'sampling'>,
  findings: Findings,
): Verdict {
  const { needed, distance, ended } = findings;
  const figures = {
    tokens: needed.length,
    needed: mean(needed),
    token: needed.reduce((most, each) => Math.max(most, each), 0),
    distance: mean(distance),
  };
  const isLong = figures.tokens >= AUDIT_LIMITS.tokens;
  const within = (key: 'needed' | 'token' | 'distance') => figures[key] <= AUDIT_LIMITS[key];
  const said = (key: 'needed' | 'token' | 'distance') =>
    `${figures[key].toFixed(3)} of at most ${AUDIT_LIMITS[key]} nats`;
  const few = isLong ? '' : `; ${figures.tokens} tokens are too few to say`;
  const checks: AuditCheck[] = [
    settingsCheck(sampling),
    {
      check: 'sampling',
      ok: isLong ? within('needed') : null,
      detail: `the tokens follow from the seed within ${said('needed')} on average${few}`,
    },
    { check: 'token', ok: within('token'), detail: `no token needs more than ${said('token')}` },
    {
      check: 'probabilities',
      ok: isLong ? within('distance') : null,
      detail: `the likeliest tokens at each place are ${said('distance')} apart on average${few}`,
    },
    { check: 'ending', ok: isEnd(ended, reason), detail: ENDINGS[ended] },
  ];
  const verdict = checks.some(({ ok }) => ok === false)
    ? 'inconsistent'
    : checks.some(({ ok }) => ok === null)
      ? 'undecided'
      : 'consistent';
  return { verdict, checks, figures };
}

/**
 * The seller says how its tokens were chosen. In some ways any token could have been: what biases single tokens no agent
 * offers, and what makes all tokens alike hides the model.
 */
function settingsCheck(sampling: Transcript['sampling']): AuditCheck {
  const { temperature, topK, topP, minP, logitBias, seed } = sampling;
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
  const detail = Object.entries({ temperature, topK, topP, minP, seed })
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
  if (logitBias.length > 0) {
    return {
      check: 'settings',
      ok: false,
      detail: `single tokens were made likelier or less likely; ${detail}`,
    };
  }
  const isPlain =
    temperature <= MOST.temperature &&
    [presencePenalty, frequencyPenalty].every((penalty) => Math.abs(penalty) <= MOST.penalty) &&
    repetitionPenalty <= MOST.repetition &&
    repetitionPenalty >= 1 / MOST.repetition;
  return {
    check: 'settings',
    ok: isPlain ? true : null,
    detail: isPlain ? detail : `too wide to say; ${detail}`,
  };
}

/** Beyond these, tokens say little of the model. As the OpenAI API bounds them; repetition as it is in use. */
const MOST = { temperature: 2, penalty: 2, repetition: 1.5 } as const;

const ENDINGS: Record<Findings['ended'], string> = {
  token: 'it ends with a token that ends answers',
  stop: 'it ends with a stop text',
  limit: 'it ends at its limit of tokens',
  early: 'it breaks off before its end',
  late: 'it goes on after its end',
};

const isEnd = (ended: Findings['ended'], reason: Transcript['reason']): boolean =>
  reason === 'stop' ? ended === 'token' || ended === 'stop' : ended === 'limit';

const mean = (values: Float32Array): number =>
  values.reduce((sum, each) => sum + each, 0) / Math.max(values.length, 1);
