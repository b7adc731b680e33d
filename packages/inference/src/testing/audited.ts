/** Answers of a real model, written and audited in this process, for soaks that measure audits. */
import { join, resolve } from 'node:path';
import type { Transcript } from '@chorus/protocol';
import { noiseOf, verdictOf } from '../audit/verdict.ts';
import type { Findings, LanguageAnswer, LanguageSetup } from '../onnx/jobs/language-messages.ts';
import { LanguageWriter } from '../onnx/language/language-writer.ts';
import { DEFAULT_SAMPLING } from '../onnx/language-checks.ts';

const DATA = process.env.CHORUS_DATA ?? resolve('../shared/data');
export const SMOLLM2 = join(DATA, 'smollm2/SmolLM2-135M-Instruct.Q4_1.gguf');
export const SHAKESPEARE = join(DATA, 'shakespeare/input.txt');

export const [TOKENS, CONTEXT] = [48, 1024];
export const SYSTEM =
  'You are a ferry guide in Bergen. You answer politely, and you mention the weather in each answer.';
const ALL_QUESTIONS = [
  'What is the capital of France, and what is it known for?',
  'Write three sentences about the sea.',
  'How do I boil an egg? Answer in steps.',
  'Explain what a prime number is to a child.',
  'Give me a short poem about autumn leaves.',
  'Which planets of the solar system have rings?',
  'Write a friendly letter to a neighbour who is ill.',
  'What is the difference between a frog and a toad?',
  'List five things to bring on a hike in the mountains.',
  'Tell me a story of a snail that crosses a garden.',
  'Why is the sky blue during the day and red in the evening?',
  'Translate "good morning" into four languages.',
];
/** `CHORUS_QUESTIONS` takes the first of them only, where time is short. */
export const QUESTIONS = ALL_QUESTIONS.slice(0, Number(process.env.CHORUS_QUESTIONS ?? ALL_QUESTIONS.length));
const GREEDY = { temperature: 0 };
export const SAMPLINGS = [GREEDY, { temperature: 0.7, topP: 0.95 }, { temperature: 1 }];

const never = () => false;
export const open = (model: Uint8Array, task: Partial<LanguageSetup['task']> = {}) => {
  const common = { kind: 'language', slots: 8, context: CONTEXT, adapter: null, prefixBytes: 0 } as const;
  return LanguageWriter.open({ task: { ...common, weights: 'int8', ...task }, model, threads: 1 });
};

export async function write(
  by: LanguageWriter,
  prompt: number[],
  how: object,
  seed: number,
): Promise<Transcript> {
  const sampling = { ...DEFAULT_SAMPLING, ...how, seed };
  const wanted = { prompt: { tokens: prompt }, sampling, schema: null, calls: null, stop: [], most: TOKENS };
  let end: (LanguageAnswer & { kind: 'generated' }) | undefined;
  await by.write(
    { kind: 'generate', ...wanted, logprobs: null, echo: false, transcript: true },
    never,
    (answer) => {
      if (answer.kind === 'generated') end = answer;
    },
  );
  return {
    format: 'chorus-transcript/1',
    salt: '0'.repeat(32),
    model: by.opened.identity,
    ...end!.written!,
    sampling: { ...sampling, logitBias: [] },
    schema: null,
    stop: [],
    most: TOKENS,
    context: CONTEXT,
    reason: end!.reason,
  };
}

export async function check(by: LanguageWriter, transcript: Transcript): Promise<Findings> {
  let findings: Findings | undefined;
  await by.check({ kind: 'check', transcript }, never, (answer) => {
    if (answer.kind === 'checked') findings = answer.findings;
  });
  return findings!;
}

/**
 * Prints what was found of answers: how many are not consistent, and least, median and most of each number.
 *
 * @param by the model, with the form of its weights that the audit is made in
 * @param other with the other form
 */
export async function report(
  name: string,
  [by, other]: readonly [LanguageWriter, LanguageWriter],
  transcripts: readonly Transcript[],
): Promise<{ refused: number }> {
  const rows: { needed: number; distance: number; token: number; noise: number; verdict: string }[] = [];
  for (const transcript of transcripts) {
    const findings = await check(by, transcript);
    const noise = noiseOf(await check(other, { ...transcript, likeliest: findings.likeliest }));
    const { verdict, figures } = verdictOf(transcript, findings, noise);
    const { needed, distance, token } = figures;
    rows.push({
      needed: needed / noise.distance,
      distance: distance / noise.distance,
      token,
      noise: noise.distance,
      verdict,
    });
  }
  const range = (key: 'needed' | 'distance' | 'token' | 'noise') => {
    const values = rows.map((row) => row[key]).sort((a, b) => a - b);
    return [0, Math.floor(values.length / 2), values.length - 1].map((i) => values[i]!.toFixed(3)).join(' ');
  };
  const refused = rows.filter(({ verdict }) => verdict === 'inconsistent').length;
  console.log(
    `${name.padEnd(44)} refused ${refused} of ${rows.length}; needed ${range('needed')}; distance ${range('distance')} of noise ${range('noise')}; token ${range('token')}`,
  );
  return { refused };
}
