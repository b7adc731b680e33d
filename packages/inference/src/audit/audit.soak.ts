/**
 * What audits of SmolLM2-135M find: honest answers and frauds, how far they are apart, and what a check costs. The
 * limits of `verdict.ts` follow from it. Run it with `pnpm test:soak audit`.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createTokenizer, openDecoder, readGguf, writeAdapter, writeGguf } from '@chorus/language-models';
import { randomNumbers } from '@chorus/language-models/testing';
import type { Transcript } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { dequantise } from '../../../language-models/src/gguf/dequantise.ts';
import type { LanguageWriter } from '../onnx/language/language-writer.ts';
import {
  check,
  open,
  QUESTIONS,
  report as reportAudits,
  SAMPLINGS,
  SMOLLM2,
  SYSTEM,
  TOKENS,
  write,
} from '../testing/audited.ts';

const cpuMilliseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const tokensOf = (list: readonly Transcript[]) => list.reduce((sum, { answer }) => sum + answer.length, 0);

describe.skipIf(!existsSync(SMOLLM2))('audits of SmolLM2-135M (skipped where CHORUS_DATA has none)', () => {
  it('pass honest answers, and find frauds', async () => {
    const file = await readFile(SMOLLM2);
    const [decoder, gguf] = [openDecoder(file), readGguf(file)];
    const tokenizer = createTokenizer(decoder);
    const chat = (content: string, system: string | null = SYSTEM) =>
      tokenizer.encodeChat(
        [...(system ? [{ role: 'system' as const, content: system }] : []), { role: 'user', content }],
        { addGenerationPrompt: true },
      );
    const prompts = QUESTIONS.map((question) => chat(question));
    const [int8, float32] = [await open(file), await open(file, { weights: 'float32' })];
    const falseAlarms: string[] = [];

    const report = async (
      name: string,
      by: LanguageWriter,
      list: readonly Transcript[],
      other?: LanguageWriter,
    ) => {
      const rest = other ?? (by === int8 ? float32 : int8);
      const { refused } = await reportAudits(name, [by, rest], list);
      if (name.startsWith('honest') && refused > 0) falseAlarms.push(name);
    };
    /** Answers to all prompts, each alone, with each way of sampling. */
    const writeAll = async (by: LanguageWriter, change = (prompt: number[], _: number) => prompt) => {
      const written: Transcript[] = [];
      for (const how of SAMPLINGS) {
        for (const [i, prompt] of prompts.entries()) {
          written.push({ ...(await write(by, change(prompt, i), how, i)), prompt });
        }
      }
      return written;
    };

    let before = cpuMilliseconds();
    const honest = await writeAll(int8);
    const made = (cpuMilliseconds() - before) / tokensOf(honest);
    before = cpuMilliseconds();
    for (const transcript of honest) await check(int8, transcript);
    const checked = (cpuMilliseconds() - before) / tokensOf(honest);
    await report('honest: 8 bits, alone', int8, honest);
    const batched = async (by: LanguageWriter) =>
      (
        await Promise.all(
          SAMPLINGS.map((how) => Promise.all(prompts.map((prompt, i) => write(by, prompt, how, i)))),
        )
      ).flat();
    before = cpuMilliseconds();
    const together = await batched(int8);
    const madeTogether = (cpuMilliseconds() - before) / tokensOf(together);
    await report('honest: 8 bits, 8 at once', int8, together);
    console.log(
      `CPU ms for each token of an answer, its prompt included: alone ${made.toFixed(2)}, of 8 at once ${madeTogether.toFixed(2)}, checked ${checked.toFixed(2)}`,
    );
    const exact = await batched(float32);
    await report('honest: float32, checked in float32', float32, exact);
    await report('honest: float32, checked in 8 bits', int8, exact);
    await report('honest: 8 bits, checked in float32', float32, honest);
    const short = honest.map((each) => ({
      ...each,
      answer: each.answer.slice(0, 16),
      likeliest: each.likeliest.slice(0, 16),
      most: 16,
      reason: each.answer.length > 16 ? ('length' as const) : each.reason,
    }));
    await report('honest: 16 tokens', float32, short);

    const coarse = (bits: number): Uint8Array => {
      const most = 2 ** (bits - 1) - 1;
      const tensors = [...gguf.tensors].map(([name, tensor]) => {
        const values = dequantise(tensor);
        for (let from = 0; tensor.dims.length > 1 && from < values.length; from += 32) {
          const block = values.subarray(from, from + 32);
          const scale = block.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / most || 1;
          for (const [i, value] of block.entries()) block[i] = Math.round(value / scale) * scale;
        }
        const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        return [name, { ...tensor, type: 'F32' as const, data }] as const;
      });
      return writeGguf({ ...gguf, tensors: new Map(tensors) });
    };
    const shallow = (layers: number): Uint8Array =>
      writeGguf({
        metadata: new Map(gguf.metadata).set('llama.block_count', { type: 'uint32', value: layers }),
        tensors: new Map(
          [...gguf.tensors].filter(([name]) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? 0) < layers),
        ),
      });
    const next = randomNumbers(5);
    const random = (length: number, size: number) =>
      Float32Array.from({ length }, () => size * (next() - 0.5));
    const adapter = (size: number): Uint8Array =>
      writeAdapter(decoder, {
        alpha: 16,
        weights: new Map(
          [...decoder.weights]
            .filter(([name]) => /q_proj|v_proj/.test(name))
            .map(([name, [from, to]]) => [
              name,
              { a: random(from! * 8, 1 / Math.sqrt(from!)), b: random(to! * 8, size) },
            ]),
        ),
      });
    const half = (i: number) => QUESTIONS[i]!.slice(0, QUESTIONS[i]!.length / 2);
    const other = tokenizer.encode(' not')[0]!;
    const edited = (every: number) =>
      honest.map((each) => ({ ...each, answer: each.answer.map((id, i) => (i % every === 5 ? other : id)) }));
    for (const bits of [4, 5, 6]) {
      await report(`fraud: weights of ${bits} bits`, int8, await writeAll(await open(coarse(bits))));
    }
    for (const layers of [29, 24]) {
      await report(`fraud: ${layers} of 30 layers`, int8, await writeAll(await open(shallow(layers))));
    }
    for (const size of [0.5, 0.2, 0.05]) {
      const values = adapter(size);
      const adapted = await open(file, { adapter: values });
      const exactly = await open(file, { adapter: values, weights: 'float32' });
      await report(`fraud: an adapter (${size}) left out`, adapted, honest, exactly);
    }
    const without = await writeAll(int8, (_, i) => chat(QUESTIONS[i]!, null));
    await report('fraud: system prompt left out', int8, without);
    await report('fraud: half of the question left out', int8, await writeAll(int8, (_, i) => chat(half(i))));
    const moved = honest.map((each, i) => ({ ...each, prompt: prompts[(i + 1) % prompts.length]! }));
    await report('fraud: answer to another prompt', int8, moved);
    const drawn = honest.filter(({ sampling }) => sampling.temperature > 0);
    const reseeded = drawn.map((each) => ({ ...each, sampling: { ...each.sampling, seed: 999 } }));
    await report('fraud: drawn with another seed', int8, reseeded);
    const greedy = honest.slice(0, prompts.length);
    const undrawn = greedy.map((each) => ({ ...each, sampling: { ...each.sampling, ...SAMPLINGS[1] } }));
    await report('fraud: likeliest tokens instead of drawn ones', int8, undrawn);
    await report('fraud: one token edited', int8, edited(TOKENS));
    await report('fraud: each twelfth token edited', int8, edited(12));
    expect(falseAlarms).toEqual([]);
  });
});
