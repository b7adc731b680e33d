import { createTokenizer, openDecoder, tinyModel } from '@chorus/language-models';
import type { Transcript } from '@chorus/protocol';
import { expect, it } from 'vitest';
import type { LanguageAnswer } from '../jobs/language-messages.ts';
import { DEFAULT_SAMPLING } from '../language-checks.ts';
import { Check } from './check.ts';

const tokenizer = createTokenizer(openDecoder(tinyModel()));
/** Tokens from 100 on follow each other by a tenth of a nat; all others are as far below them as tokens that no text has. */
const logits = () =>
  Float32Array.from({ length: tokenizer.size }, (_, id) => (id >= 100 && id < 120 ? (120 - id) / 10 : -20));
const [LIKELY, STEPS] = [
  Array.from({ length: 8 }, (_, i) => 100 + i),
  [0, 102, 205, 307, 410, 512, 614, 717],
];

/** How far a list is from what the model says, as its seller has made it for the one token of an answer. */
function distance(ids: number[], below: number[]): number {
  const transcript: Transcript = {
    format: 'chorus-transcript/1',
    salt: '0'.repeat(32),
    model: { base: `sha256:${'0'.repeat(64)}`, adapter: null, weights: 'int8' },
    prompt: [5],
    answer: [100],
    sampling: { ...DEFAULT_SAMPLING, seed: 1, logitBias: [] },
    schema: null,
    stop: [],
    most: 1,
    context: 10,
    reason: 'length',
    likeliest: [{ ids, below }],
  };
  const answers: LanguageAnswer[] = [];
  new Check(transcript, tokenizer, 10, null, (answer) => answers.push(answer)).write(logits());
  const checked = answers.find((answer) => answer.kind === 'checked')!;
  return checked.findings.distance[0]!;
}

it('a list of the likeliest tokens is as far off as its numbers are', () => {
  expect(distance(LIKELY, STEPS)).toBeLessThan(0.001);
  // Half of them up, half of them down by 0.1.
  const off = STEPS.map((each, i) => each + (i % 2 === 0 ? 102 : -102));
  expect(distance(LIKELY, off)).toBeCloseTo(0.1, 2);
  // Two runs of one model may list another token in the last place.
  expect(distance(LIKELY.with(7, 108), STEPS.with(7, 819))).toBeLessThan(0.001);
});

it.each<[string, number[], number[]]>([
  ['that no text has', Array.from({ length: 8 }, (_, i) => 200 + i), Array(8).fill(0)],
  ['that are one', Array(8).fill(100), Array(8).fill(0)],
])('a list of tokens %s is far off, although their distances are true', (_, ids, below) => {
  expect(distance(ids, below)).toBeGreaterThan(3);
});
