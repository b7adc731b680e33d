import { ChorusError } from '@chorus/protocol';
import type { LanguageJob, TokenSampling } from './jobs/language-messages.ts';

/** How tokens are chosen unless a request or the model's settings say otherwise: as the model gives them. */
export const DEFAULT_SAMPLING: Omit<TokenSampling, 'seed'> = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
};

/** Bounds of numbers of a request, by name: least and most. Beyond them an answer is noise. */
const BOUNDS = {
  temperature: [0, 100],
  topK: [0, 2 ** 31],
  topP: [0, 1],
  minP: [0, 1],
  repetitionPenalty: [0.01, 100],
  presencePenalty: [-100, 100],
  frequencyPenalty: [-100, 100],
  seed: [0, Number.MAX_SAFE_INTEGER],
} as const;

/** Numbers that have no fraction. */
const WHOLE: ReadonlySet<string> = new Set(['topK', 'seed']);

/** Stop texts of one request, their bytes, and tokens with a bias: each costs time with every token. */
const MOST = { stops: 16, stopBytes: 1024, biases: 1024, logprobs: 20 } as const;

/**
 * Checks what a request asks for; its prompt is checked where the model's tokens are known.
 *
 * @throws ChorusError `E_AGENT_INPUT`
 */
export function checkJob({ sampling, stop, most, logprobs }: LanguageJob): void {
  for (const [name, [low, high]] of Object.entries(BOUNDS)) {
    const value = sampling[name as keyof typeof BOUNDS];
    if (!(value >= low && value <= high) || (WHOLE.has(name) && !Number.isInteger(value))) {
      throw refused(name, value, `send a number from ${low} to ${high}`);
    }
  }
  if (!Number.isInteger(most) || most < 0)
    throw refused('maxTokens', most, 'send a whole number of 0 or more');
  const { logitBias } = sampling;
  const odd = [...logitBias].find(([id, bias]) => !(Number.isInteger(id) && id >= 0) || Number.isNaN(bias));
  if (odd || logitBias.size > MOST.biases) {
    throw refused(
      'logitBias',
      odd?.[1] ?? logitBias.size,
      `send at most ${MOST.biases} tokens with a number each`,
    );
  }
  const bytes = stop.map((text) => Buffer.byteLength(text));
  const wrong = bytes.find((length) => length === 0 || length > MOST.stopBytes);
  if (wrong !== undefined || stop.length > MOST.stops) {
    const hint = `send at most ${MOST.stops} texts of 1 to ${MOST.stopBytes} bytes`;
    throw refused('stop', wrong ?? stop.length, hint);
  }
  if (logprobs !== null && !(Number.isInteger(logprobs) && logprobs >= 0 && logprobs <= MOST.logprobs)) {
    throw refused('logprobs', logprobs, `send a whole number from 0 to ${MOST.logprobs}`);
  }
}

function refused(name: string, value: number, hint: string): ChorusError {
  return new ChorusError('E_AGENT_INPUT', `the request has a ${name} that is not possible`, {
    facts: { [name]: value },
    hint,
  });
}
