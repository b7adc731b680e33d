import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import { atomicWrite } from '@chorus/utils';
import { z } from 'zod';
import {
  createDataset,
  createFileDataset,
  type Dataset,
  type MemoryDataset,
  sharedFloats,
  valuesOf,
} from './dataset.ts';
import { MAX_CLASSES, MAX_SAMPLE_VALUES, MAX_SAMPLES } from './limits.ts';
import { staysInMemory } from './sample-sink.ts';
import { describeFile, type SpillOptions } from './sample-writer.ts';
import { floatPieces } from './samples.ts';

/**
 * A node's private data as one file: magic `CHORSHRD`, version, length of a JSON header, the header, inputs
 * as little-endian float32, labels as int32, and the sha2-256 of everything before it.
 */
const MAGIC = Buffer.from('CHORSHRD');
const VERSION = 1;
const PREFIX_BYTES = 16;
const DIGEST_BYTES = 32;
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

const headerSchema = z.strictObject({
  inputShape: z.array(z.number().int().positive().max(MAX_SAMPLE_VALUES)).min(1).max(5),
  classes: z.number().int().min(2).max(MAX_CLASSES),
  count: z.number().int().nonnegative().max(MAX_SAMPLES),
  name: z.string().max(1000),
  classNames: z.array(z.string().max(1000)).max(MAX_CLASSES).optional(),
});

/** Write a data set to one file, readable by its owner only, atomically. */
export async function writeShard(path: string, dataset: Dataset): Promise<void> {
  const { inputShape, classes, count, name, classNames } = dataset;
  const header = Buffer.from(JSON.stringify({ inputShape, classes, count, name, classNames }));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(header.length, 12);
  async function* content(): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    const parts = async function* () {
      yield* [prefix, header];
      for await (const piece of floatPieces(dataset)) yield littleEndian(piece);
      yield littleEndian(dataset.labels);
    };
    for await (const part of parts()) {
      hash.update(part);
      yield part;
    }
    yield hash.digest();
  }
  await atomicWrite(path, content());
}

/**
 * Read a data set written by {@link writeShard}.
 * @throws ChorusError `E_DATA_UNREADABLE` if the file cannot be read, `E_DATA_FORMAT` if it is not a
 * whole, undamaged shard
 */
export function readShard(path: string): Promise<MemoryDataset>;
/** @param spill if given, a shard too large for memory is read where it lies, batch by batch */
export function readShard(path: string, spill?: Pick<SpillOptions, 'memoryBytes'>): Promise<Dataset>;
export async function readShard(path: string, spill?: Pick<SpillOptions, 'memoryBytes'>): Promise<Dataset> {
  const damaged = (message: string, facts: Record<string, string | number> = {}, cause?: unknown) =>
    new ChorusError('E_DATA_FORMAT', message, {
      facts: { path, ...facts },
      hint: 'write the shard again from the data',
      cause,
    });
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new ChorusError('E_DATA_UNREADABLE', 'cannot open the shard', {
      facts: { path },
      hint: 'check that the file exists and is readable',
      cause,
    });
  });
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256');
    const read = async (target: Uint8Array): Promise<void> => {
      for (let at = 0; at < target.length; ) {
        const { bytesRead } = await file.read(target, at, Math.min(target.length - at, 2 ** 26));
        if (bytesRead === 0) throw damaged('the shard ends too early', { size });
        hash.update(target.subarray(at, at + bytesRead));
        at += bytesRead;
      }
    };
    const prefix = Buffer.alloc(PREFIX_BYTES);
    await read(prefix);
    if (!prefix.subarray(0, 8).equals(MAGIC)) {
      throw new ChorusError('E_DATA_FORMAT', 'not a shard of Chorus', {
        facts: { path },
        hint: 'name a folder of data, a .csv or .tsv file (alone or with .gz), or a shard file',
      });
    }
    if (prefix.readUInt32LE(8) !== VERSION) {
      throw damaged('a shard of another version', { version: prefix.readUInt32LE(8) });
    }
    const headerLength = prefix.readUInt32LE(12);
    if (headerLength > Math.min(MAX_HEADER_BYTES, size))
      throw damaged('the header is too long', { headerLength });
    const headerBytes = Buffer.alloc(headerLength);
    await read(headerBytes);
    const header = parseHeader(headerBytes, damaged);
    const values = header.count * valuesOf(header.inputShape);
    if (size !== PREFIX_BYTES + headerLength + 4 * (values + header.count) + DIGEST_BYTES) {
      throw damaged('the shard does not have the stated size', { size, count: header.count });
    }
    const inMemory = staysInMemory(spill, values);
    const inputs = inMemory ? sharedFloats(values) : null;
    const labels = new Int32Array(header.count);
    if (inputs) await read(new Uint8Array(inputs.buffer));
    else await readPast(values, read, () => damaged('a value of the shard is not a finite number'));
    await read(new Uint8Array(labels.buffer));
    const expected = hash.digest();
    const digest = Buffer.alloc(DIGEST_BYTES);
    await file.read(digest, 0, DIGEST_BYTES);
    if (!digest.equals(expected)) throw damaged('the shard is damaged: its checksum does not match');
    const { classNames, inputShape, classes, name } = header;
    const rest = { labels, inputShape, classes, name, ...(classNames ? { classNames } : {}) };
    if (inputs) return createDataset({ inputs, ...rest });
    const layout = {
      offset: PREFIX_BYTES + headerLength,
      stride: 4 * valuesOf(inputShape),
      values: 'float32',
    } as const;
    return createFileDataset({ file: await describeFile(path, layout), ...rest });
  } finally {
    await file.close();
  }
}

/** Read values only to check them. */
async function readPast(
  values: number,
  read: (target: Uint8Array) => Promise<void>,
  infinite: () => Error,
): Promise<void> {
  for (let at = 0; at < values; ) {
    const piece = new Float32Array(Math.min(2 ** 20, values - at));
    await read(new Uint8Array(piece.buffer));
    if (!piece.every(Number.isFinite)) throw infinite();
    at += piece.length;
  }
}

function parseHeader(
  bytes: Buffer,
  damaged: (message: string, facts?: Record<string, string>, cause?: unknown) => ChorusError,
): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw damaged('the header of the shard cannot be understood', {}, cause);
  }
}

/** The bytes of an array; all platforms Node runs on are little-endian. */
function littleEndian(array: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
