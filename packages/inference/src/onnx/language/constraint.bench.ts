import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LanguageAnswer, LanguageJob, LanguageSetup } from '../jobs/language-messages.ts';
import { DEFAULT_SAMPLING } from '../language-checks.ts';
import { LanguageWriter } from './language-writer.ts';

const FILE = join(
  process.env.CHORUS_DATA ?? resolve('../shared/data'),
  'smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
);
const [PROMPT, WRITTEN, ROUNDS] = [64, 96, 2] as const;
/** Goal: CPU time of a token that is held to a known schema, against that of a free one. */
const GOAL = 1.1;

/** CPU milliseconds of this process: other work on the machine changes them little. */
function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const person = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', minimum: 0, maximum: 130 },
    motto: { type: 'string', maxLength: 120 },
    kind: { enum: ['guest', 'crew', 'captain'] },
  },
  required: ['name', 'age', 'motto', 'kind'],
};
const tool = (name: string) => ({ name, description: 'd', inputSchema: person });
type Held = Pick<LanguageJob, 'schema' | 'calls'>;
const HELD: [name: string, held: Held][] = [
  ['free', { schema: null, calls: null }],
  ['any JSON', { schema: '{"type":"array","minItems":60,"items":{}}', calls: null }],
  [
    'a list of objects',
    { schema: JSON.stringify({ type: 'array', minItems: 30, items: person }), calls: null },
  ],
  [
    'tools, text written',
    { schema: null, calls: { tools: [tool('a'), tool('b')], choice: 'auto', parallel: true } },
  ],
  [
    'tools, calls written',
    { schema: null, calls: { tools: [tool('a'), tool('b')], choice: 'required', parallel: true } },
  ],
];

describe.skipIf(!existsSync(FILE))('SmolLM2-135M (skipped where CHORUS_DATA has none)', () => {
  it('CPU time of a token that is held to a schema', async () => {
    const task: LanguageSetup['task'] = {
      kind: 'language',
      slots: 1,
      context: 1024,
      weights: 'int8',
      adapter: null,
      prefixBytes: 0,
    };
    const writer = await LanguageWriter.open({ task, model: FILE, threads: 1 });
    /** @returns CPU milliseconds, and tokens that were written */
    const write = async (held: Held, most: number, seed: number): Promise<[number, number]> => {
      const before = cpuMilliseconds();
      let tokens = 0;
      const count = (answer: LanguageAnswer): void => {
        if (answer.kind === 'generated') tokens = answer.outputTokens;
      };
      const job: LanguageJob = {
        kind: 'generate',
        prompt: { tokens: Array.from({ length: PROMPT }, (_, i) => 1000 + i * 7) },
        sampling: { ...DEFAULT_SAMPLING, temperature: 0.7, seed },
        ...held,
        stop: [],
        most,
        logprobs: null,
        echo: false,
        transcript: false,
      };
      await writer.write(job, () => false, count);
      return [cpuMilliseconds() - before, tokens];
    };
    const [start] = HELD;
    await write(start![1], 4, 0);
    const first = new Map<string, number>();
    const least = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, held] of HELD) {
        // Equal seeds: masks of a first text are there for the next one.
        const [prefill] = await write(held, 1, 1);
        const [all, tokens] = await write(held, WRITTEN, 1);
        const each = (all - prefill) / (tokens - 1);
        if (!first.has(name)) first.set(name, each);
        least.set(name, Math.min(each, least.get(name) ?? Number.POSITIVE_INFINITY));
      }
    }
    const free = least.get('free')!;
    for (const [name] of HELD) {
      const [one, other] = [first.get(name)!, least.get(name)!];
      console.log(
        `${name}: first text ${one.toFixed(2)} ms a token (${(one / free).toFixed(2)}), again ${other.toFixed(2)} ms (${(other / free).toFixed(2)})`,
      );
    }
    expect(least.get('a list of objects')! / free).toBeLessThan(GOAL);
  });
});
