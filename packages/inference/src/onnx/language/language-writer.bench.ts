import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LanguageSetup } from '../jobs/language-messages.ts';
import { DEFAULT_SAMPLING } from '../language-checks.ts';
import { LanguageWriter } from './language-writer.ts';

const FILE = join(
  process.env.CHORUS_DATA ?? resolve('../shared/data'),
  'smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
);
const [PROMPT, WRITTEN, ROUNDS] = [64, 48, 3] as const;
/** Goal of several texts at once: CPU time of a token of 4, against that of one alone. */
const GOAL = 0.75;

/** CPU milliseconds of this process: other work on the machine changes them little. */
function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe.skipIf(!existsSync(FILE))('SmolLM2-135M (skipped where CHORUS_DATA has none)', () => {
  it.each(['int8', 'float32'] as const)('CPU time of a token, %s', async (weights) => {
    const task: LanguageSetup['task'] = {
      kind: 'language',
      slots: 8,
      context: 1024,
      weights,
      adapter: null,
      prefixBytes: 0,
    };
    const writer = await LanguageWriter.open({ task, model: FILE, threads: 1 });
    // Tokens that end a text.
    const logitBias = new Map([0, 2].map((id) => [id, Number.NEGATIVE_INFINITY]));
    const write = async (texts: number, most: number): Promise<number> => {
      const before = cpuMilliseconds();
      const jobs = Array.from({ length: texts }, (_, seed) => ({
        kind: 'generate' as const,
        prompt: { tokens: Array.from({ length: PROMPT }, (__, i) => 1000 + seed * 500 + i * 7) },
        sampling: { ...DEFAULT_SAMPLING, seed, logitBias },
        schema: null,
        calls: null,
        stop: [],
        most,
        logprobs: null,
        echo: false,
        transcript: false,
      }));
      await Promise.all(
        jobs.map((job) =>
          writer.write(
            job,
            () => false,
            () => {},
          ),
        ),
      );
      return cpuMilliseconds() - before;
    };
    await write(1, 4);
    const decode = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const texts of [1, 4, 8]) {
        const prefill = await write(texts, 1);
        const each = ((await write(texts, 1 + WRITTEN)) - prefill) / (texts * WRITTEN);
        decode.set(texts, Math.min(each, decode.get(texts) ?? Number.POSITIVE_INFINITY));
        console.log(
          `${weights}, ${texts} texts: prefill ${(prefill / texts / PROMPT).toFixed(2)} ms, decode ${each.toFixed(2)} ms`,
        );
      }
    }
    expect(decode.get(4)! / decode.get(1)!).toBeLessThan(GOAL);
  });
});
