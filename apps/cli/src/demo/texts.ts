import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { loadDataset, loadText } from '@chorus/training';
import { makeFolder } from '@chorus/utils';
import type { DemoData } from './data.ts';
import { generatedText } from './generated-text.ts';
import type { DemoOptions } from './options.ts';

/** Bytes of text of one node: some 2,000 tokens of a common vocabulary, a round of which takes seconds. */
const BYTES = { node: 10_000, test: 6_000 };
/** Least bytes of text of one node. */
const LEAST_BYTES = 1_000;

/** Divide texts among the nodes: a folder for each, none of which has text of another, and a part to test on. */
export async function prepareTexts(
  options: Pick<DemoOptions, 'data' | 'seed'>,
  { trainers, validators }: { trainers: number; validators: number },
  folder: string,
): Promise<DemoData> {
  const nodes = trainers + validators;
  const wanted = nodes * BYTES.node + BYTES.test;
  const text =
    options.data === null
      ? Buffer.from(generatedText(options.seed, wanted))
      : Buffer.from((await loadText(options.data, 'texts')).tokens);
  const unit = Math.min(1, text.length / wanted);
  if (unit * BYTES.node < LEAST_BYTES) {
    throw new ChorusError('E_DATA_FORMAT', 'there is too little text for this number of nodes', {
      facts: { bytes: text.length, nodes, needed: Math.ceil((wanted * LEAST_BYTES) / BYTES.node) },
      hint: 'add text, or run fewer nodes with --nodes',
    });
  }
  // Spread over the whole text, so that the nodes of a long one do not all read its beginning.
  const stride = Math.floor((text.length - unit * BYTES.test) / nodes);
  const place = async (name: string, from: number, bytes: number): Promise<string> => {
    const path = join(folder, name, 'texts');
    await makeFolder(path);
    await writeFile(join(path, 'text.txt'), wholeLines(text.subarray(from, from + Math.floor(bytes))));
    return path;
  };
  const own = (name: string, i: number) => place(name, i * stride, unit * BYTES.node);
  const trainerShards = await Promise.all(
    Array.from({ length: trainers }, (_, i) => own(`trainer-${i + 1}`, i)),
  );
  const validatorShards = await Promise.all(
    Array.from({ length: validators }, (_, i) => own(`validator-${i + 1}`, trainers + i)),
  );
  const test = await place('test', nodes * stride, unit * BYTES.test);
  return {
    trainerShards,
    validatorShards,
    test: await loadDataset(test),
    source: options.data ?? 'generated text',
  };
}

/** Without a cut line at the start, or a cut character at the end. */
function wholeLines(text: Buffer): string {
  const [first, ...rest] = new TextDecoder()
    .decode(text)
    .replace(/\uFFFD+$/, '')
    .split('\n');
  return rest.length > 0 ? rest.join('\n') : first!;
}
