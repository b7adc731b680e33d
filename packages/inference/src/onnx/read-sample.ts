import { ChorusError, counted, type EngineMessage } from '@chorus/protocol';
import { MAX_IMAGE_BYTES, MAX_SAMPLE_VALUES } from './jobs/limits.ts';
import type { ClassifyJob } from './jobs/messages.ts';

/** Text of numbers: 4 million of at most 24 characters would be 100 MB; a sample that is typed is far shorter. */
const MAX_TEXT = 2 ** 24;

/** Lists in lists: as many as a sample can have axes. */
const MAX_AXES = 5;

/**
 * The sample in a message: an attached image, or numbers as a JSON value, as an attached JSON file or as the text.
 * @param shape of one sample
 * @throws ChorusError `E_AGENT_INPUT`
 */
export function readSample({ files, data, text }: EngineMessage, shape: readonly number[]): ClassifyJob {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const isImage = shape.length === 3 && (shape[0] === 1 || shape[0] === 3);
  const wanted = isImage
    ? `an image, or a list of ${size} numbers`
    : `a list of ${counted(size, 'number')}, such as [1.5, 0, 2]`;
  const refuse = (message: string, facts: Record<string, string | number> = {}) =>
    new ChorusError('E_AGENT_INPUT', message, { facts, hint: `send ${wanted}` });
  if (files.length + data.length > 1) throw refuse('this agent reads one sample at a time');
  const [file] = files;
  if (file?.mediaType.startsWith('image/')) {
    if (file.bytes.length > MAX_IMAGE_BYTES) {
      throw refuse(`the image has ${file.bytes.length} bytes, of at most ${MAX_IMAGE_BYTES}`);
    }
    if (!isImage) throw refuse('this agent does not read images');
    return { kind: 'classify', image: file.bytes };
  }
  if (file && file.mediaType !== 'application/json') {
    throw refuse(`this agent does not read files of the type ${file.mediaType.slice(0, 60)}`);
  }
  const value = file ? parse(new TextDecoder().decode(file.bytes)) : data.length > 0 ? data[0] : parse(text);
  if (!Array.isArray(value)) throw refuse('the message has no sample that this agent reads');
  if (value.length > MAX_SAMPLE_VALUES) throw refuse('the list is too long');
  const numbers: unknown[] = value.flat(MAX_AXES - 1);
  if (numbers.length !== size) throw refuse(`the list has ${numbers.length} numbers, and not ${size}`);
  const values = new Float32Array(size);
  for (const [i, each] of numbers.entries()) {
    if (typeof each !== 'number' || !Number.isFinite(Math.fround(each))) {
      throw refuse(`number ${i + 1} of the list is not a finite number`);
    }
    values[i] = each;
  }
  return { kind: 'classify', values };
}

/** JSON, or numbers between commas; undefined if it is neither. */
function parse(text: string): unknown {
  if (text.trim() === '' || text.length > MAX_TEXT) return undefined;
  for (const json of [text, `[${text}]`]) {
    try {
      const value: unknown = JSON.parse(json);
      return typeof value === 'number' ? [value] : value;
    } catch {
      // The next spelling.
    }
  }
  return undefined;
}
