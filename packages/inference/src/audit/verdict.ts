import type { Transcript } from '@chorus/protocol';
import type { Findings } from '../onnx/jobs/language-messages.ts';

/**
 * How far honest runs of one model are apart, mean distance in nats: what its weights of 8 bits differ by from those of
 * float32 on the same tokens. It depends on the model, and is measured with each audit (`noiseOf`).
 */
export interface Noise {
  distance: number;
}

/**
 * What honest answers do not pass, and frauds do, by `audit.soak.ts` and `adapter.soak.ts`; the README of this package has
 * their figures. The first two are parts of the noise of the model.
 */
export const AUDIT_LIMITS = {
  /** Mean distance of the listed tokens: honest answers have 1.22 at most. */
  distance: 2,
  /** Mean of what the tokens of an answer need: honest answers need 0.3 at most. */
  needed: 0.4,
  /** Most that one token needs, nats: most edited ones need more. */
  token: 1.5,
  /** Tokens below which means say nothing. */
  tokens: 16,
} as const;

/** Lists are rounded, and runs with weights of float32 differ by next to nothing. Nats. */
const LEAST_NOISE = 0.02;

/** Of a model that cannot be run with weights of 8 bits. */
export const NO_NOISE: Noise = { distance: 0 };

/**
 * The noise of a model on the tokens of one answer.
 * @param other what the model with its weights in the other form says to the list of the first run (`likeliest` of its findings)
 */
export const noiseOf = (other: Findings): Noise => ({ distance: mean(other.distance) });

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
  figures: { tokens: number; needed: number; token: number; distance: number; noise: number };
}

/**
 * Whether what a model says to a transcript is within what honest runs of that model differ by.
 *
 * `consistent` does not mean that the answer is the only one: a seller that chooses the seed may write several answers
 * and give the one it likes.
 */
export function verdictOf(
  { reason, ...settings }: Pick<Transcript, 'reason' | 'sampling' | 'schema' | 'calls'>,
  findings: Findings,
  noise: Noise,
): Verdict {
  const { needed, distance, ended } = findings;
  const figures = {
    tokens: needed.length,
    needed: mean(needed),
    token: needed.reduce((most, each) => Math.max(most, each), 0),
    distance: mean(distance),
    noise: noise.distance,
  };
  const isLong = figures.tokens >= AUDIT_LIMITS.tokens;
  const measure = Math.max(noise.distance, LEAST_NOISE);
  const limits = {
    needed: AUDIT_LIMITS.needed * measure,
    token: AUDIT_LIMITS.token,
    distance: AUDIT_LIMITS.distance * measure,
  };
  const within = (key: keyof typeof limits) => figures[key] <= limits[key];
  const said = (key: keyof typeof limits) =>
    `${figures[key].toFixed(3)} of at most ${limits[key].toFixed(3)} nats`;
  const few = isLong ? '' : `; ${figures.tokens} tokens are too few to say`;
  const checks: AuditCheck[] = [
    settingsCheck(settings),
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
function settingsCheck({
  sampling,
  schema,
  calls,
}: Pick<Transcript, 'sampling' | 'schema' | 'calls'>): AuditCheck {
  const { temperature, topK, topP, minP, logitBias, seed } = sampling;
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
  const detail = [
    ...Object.entries({ temperature, topK, topP, minP, seed }).map(([name, value]) => `${name} ${value}`),
    // The caller knows whether it asked for that.
    ...(schema === null ? [] : [`held to a JSON Schema of ${schema.length} characters`]),
    ...(calls ? [`held to calls of ${calls.tools.length} tools`] : []),
  ].join(', ');
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
