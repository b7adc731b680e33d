import { createHash } from 'node:crypto';
import { open, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { atomicWrite, makeFolder } from '@chorus/utils';
import { z } from 'zod';
import type { TrainingState } from '../jobs/messages.ts';

/** Everything that training needs to resume as if it had never stopped. */
export interface Checkpoint {
  /** Number of finished epochs. */
  epochs: number;
  /** Digest of model and settings, which must be equal to resume. */
  run: string;
  parameters: Float32Array;
  state: TrainingState;
  history: EpochResult[];
}

/** One epoch's outcome. */
export interface EpochResult {
  /** From 1. */
  epoch: number;
  /** Mean loss over the epoch's steps. */
  loss: number;
  /** Results on the held-out samples, if there are any. */
  validation: { loss: number; accuracy: number } | null;
  seconds: number;
}

const MAGIC = 'chorus-checkpoint-1\n';
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const KEPT = 2;
const NAME = /^epoch-(\d{6})\.checkpoint$/;

const ARRAYS = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array } as const;

const headerSchema = z.object({
  epochs: z.int().min(1).max(999_999),
  run: z.string().max(128),
  sha256: z.string().length(64),
  tensors: z.array(
    z.object({
      name: z.string(),
      dtype: z.enum(['float32', 'float64', 'int64']),
      length: z
        .int()
        .min(0)
        .max(2 ** 31),
    }),
  ),
  history: z.array(
    z.object({
      epoch: z.int(),
      loss: z.number(),
      validation: z.object({ loss: z.number(), accuracy: z.number() }).nullable(),
      seconds: z.number(),
    }),
  ),
});

/**
 * Write a checkpoint into a folder, whole or not at all, and remove all but the newest two.
 *
 * File: a line of magic, the header's length (uint32, little-endian), the header (JSON), then the tensors one after
 * the other, little-endian: the parameters, then the state.
 */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<string> {
  const { epochs, run, history, parameters, state } = checkpoint;
  const tensors = [['', parameters] as const, ...Object.entries(state)];
  const bytes = tensors.map(([, { buffer, byteOffset, byteLength }]) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  const header = {
    epochs,
    run,
    sha256: digest(bytes),
    tensors: tensors.map(([name, values]) => ({ name, dtype: typeOf(values), length: values.length })),
    history,
  } satisfies z.input<typeof headerSchema>;
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  await makeFolder(folder);
  const path = join(folder, `epoch-${String(epochs).padStart(6, '0')}.checkpoint`);
  await atomicWrite(path, [Buffer.from(MAGIC), length, json, ...bytes]);
  for (const name of (await checkpointNames(folder)).slice(KEPT))
    await rm(join(folder, name), { force: true });
  return path;
}

/**
 * The newest checkpoint of a folder; null if it has none.
 * @throws ChorusError `E_CHECKPOINT_CORRUPT` if the file was damaged or changed
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint | null> {
  const [newest] = await checkpointNames(folder);
  if (newest === undefined) return null;
  const path = join(folder, newest);
  try {
    return await readFrom(path);
  } catch (cause) {
    throw new ChorusError('E_CHECKPOINT_CORRUPT', 'the checkpoint cannot be used', {
      facts: { path },
      hint: 'delete the file; the previous one will be used',
      cause,
    });
  }
}

async function readFrom(path: string): Promise<Checkpoint> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const read = async (at: number, length: number): Promise<Buffer> => {
      if (at + length > size) throw new Error('the file is too short');
      const buffer = Buffer.alloc(length);
      let got = 0;
      while (got < length) {
        const { bytesRead } = await file.read(buffer, got, length - got, at + got);
        if (bytesRead === 0) throw new Error('the file is too short');
        got += bytesRead;
      }
      return buffer;
    };
    const start = await read(0, MAGIC.length + 4);
    if (start.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('it is not a checkpoint');
    const headerBytes = start.readUInt32LE(MAGIC.length);
    if (headerBytes > MAX_HEADER_BYTES) throw new Error('its header is too long');
    const header = headerSchema.parse(JSON.parse((await read(start.length, headerBytes)).toString()));
    let at = start.length + headerBytes;
    const parts: Buffer[] = [];
    const tensors: [string, TrainingState[string]][] = [];
    for (const { name, dtype, length } of header.tensors) {
      const Values = ARRAYS[dtype];
      const bytes = await read(at, length * Values.BYTES_PER_ELEMENT);
      at += bytes.length;
      parts.push(bytes);
      // A copy, because a buffer of the pool need not be aligned.
      tensors.push([name, new Values(new Uint8Array(bytes).buffer)]);
    }
    if (at !== size || digest(parts) !== header.sha256)
      throw new Error('its contents do not match its digest');
    const [first, ...state] = tensors;
    if (!(first?.[1] instanceof Float32Array)) throw new Error('it holds no parameters');
    const { epochs, run, history } = header;
    return { epochs, run, history, parameters: first[1], state: Object.fromEntries(state) };
  } finally {
    await file.close();
  }
}

/** Newest first. */
async function checkpointNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => NAME.test(name)).sort((a, b) => (a < b ? 1 : -1));
}

function typeOf(values: TrainingState[string]): keyof typeof ARRAYS {
  if (values instanceof BigInt64Array) return 'int64';
  return values instanceof Float64Array ? 'float64' : 'float32';
}

function digest(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Remove the checkpoints in a folder, and the folder if it is then empty. */
export async function removeCheckpoints(folder: string): Promise<void> {
  for (const name of await checkpointNames(folder)) await rm(join(folder, name), { force: true });
  await rmdir(folder).catch(() => {}); // it holds other files
}
