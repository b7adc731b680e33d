import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import { atomicWrite } from '@chorus/utils';
import { z } from 'zod';
import { createDataset, type Dataset, sharedFloats, valuesOf } from './dataset.ts';
import { MAX_CLASSES, MAX_SAMPLE_VALUES, MAX_SAMPLES } from './limits.ts';

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
  const parts = [prefix, header, littleEndian(dataset.inputs), littleEndian(dataset.labels)];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  await atomicWrite(path, [...parts, hash.digest()]);
}

/**
 * Read a data set written by {@link writeShard}.
 * @throws ChorusError `E_DATA_UNREADABLE` if the file cannot be read, `E_DATA_FORMAT` if it is not a
 * whole, undamaged shard
 */
export async function readShard(path: string): Promise<Dataset> {
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
    const inputs = sharedFloats(values);
    const labels = new Int32Array(header.count);
    await read(new Uint8Array(inputs.buffer));
    await read(new Uint8Array(labels.buffer));
    const expected = hash.digest();
    const digest = Buffer.alloc(DIGEST_BYTES);
    await file.read(digest, 0, DIGEST_BYTES);
    if (!digest.equals(expected)) throw damaged('the shard is damaged: its checksum does not match');
    const { classNames, inputShape, classes, name } = header;
    return createDataset({
      inputs,
      labels,
      inputShape,
      classes,
      name,
      ...(classNames ? { classNames } : {}),
    });
  } finally {
    await file.close();
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
