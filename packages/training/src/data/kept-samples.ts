import { createHash } from 'node:crypto';
import { type FileHandle, link, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { createFileDataset, type Dataset, type FileDataset, valuesOf } from './dataset.ts';
import { MAX_CLASSES, MAX_SAMPLE_VALUES, MAX_SAMPLES } from './limits.ts';
import { disown, ownPath, removeOwn } from './own-files.ts';
import { describeFile } from './sample-writer.ts';

/**
 * A file of samples that the next reading of the same data takes: after the samples come the labels as int32, a JSON
 * trailer, its length, the sha2-256 of labels and trailer, and the magic `CHORSMPL`. The samples themselves are not
 * read to check them.
 */
const MAGIC = Buffer.from('CHORSMPL');
const END_BYTES = 4 + 32 + MAGIC.length;
const MAX_TRAILER_BYTES = 64 * 1024 * 1024;
const VERSION = 1;

const trailerSchema = z.strictObject({
  stride: z.number().int().positive(),
  values: z.enum(['float32', 'byte', 'pixel']),
  sampleBytes: z.number().int().positive(),
  inputShape: z.array(z.number().int().positive().max(MAX_SAMPLE_VALUES)).min(1).max(5),
  classes: z.number().int().min(2).max(MAX_CLASSES),
  count: z.number().int().positive().max(MAX_SAMPLES),
  name: z.string().max(1000),
  classNames: z.array(z.string().max(1000)).max(MAX_CLASSES).optional(),
  report: z
    .strictObject({
      format: z.enum(['idx', 'csv', 'images', 'text', 'chats']),
      notes: z.array(z.string()),
      leftOut: z.array(z.strictObject({ what: z.string(), count: z.number(), example: z.string() })),
    })
    .optional(),
});

/** Where samples are kept, and under which name. */
export interface KeepOptions {
  folder: string;
  name: string;
  /** How the data is read: the same text for the same options. If only the data read tells, nothing kept is taken. */
  reading: string | ((dataset: Dataset) => string);
}

/**
 * The data set that an earlier reading left in the folder, or that of `load`, which is left there if it lies in a file.
 * Other files under the same name are removed; a process that uses one keeps it, as it has a link of its own.
 */
export async function keptOr(
  path: string,
  { folder, name, reading }: KeepOptions,
  load: () => Promise<Dataset>,
): Promise<Dataset> {
  const files = await filesIn(path);
  const placeOf = (text: string) => join(folder, `${name}.${digestOf(files, text)}.samples`);
  const known = typeof reading === 'string' ? await openKept(folder, placeOf(reading)) : undefined;
  if (known) return known;
  const dataset = await load();
  const kept = placeOf(typeof reading === 'string' ? reading : reading(dataset));
  // Files that changed meanwhile are read again the next time. A file that was there before stays where it is.
  const keeps =
    dataset.file !== undefined &&
    dirname(resolve(dataset.file.path)) === resolve(folder) &&
    (await filesIn(path)) === files;
  const result = keeps ? await keep(dataset, kept) : dataset;
  await forgetSamples(folder, name, keeps ? kept : undefined);
  return result;
}

/** Remove the files kept under a name, but for `except`; users of them are not disturbed. */
export async function forgetSamples(folder: string, name: string, except?: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const each of names) {
    const path = join(folder, each);
    const isOfName =
      each.startsWith(`${name}.`) && /^[0-9a-f]{32}\.samples$/.test(each.slice(name.length + 1));
    if (isOfName && path !== except) await rm(path, { force: true });
  }
}

async function keep(dataset: FileDataset, kept: string): Promise<FileDataset> {
  const { file, labels, inputShape, classes, count, name, classNames, report } = dataset;
  const trailer = Buffer.from(
    JSON.stringify({
      stride: file.stride,
      values: file.values,
      sampleBytes: file.bytes,
      inputShape,
      classes,
      count,
      name,
      classNames,
      report,
    } satisfies z.input<typeof trailerSchema>),
  );
  const labelBytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(trailer.length);
  const digest = createHash('sha256').update(labelBytes).update(trailer).digest();
  const handle = await open(file.path, 'r+');
  try {
    let at = file.bytes;
    for (const part of [labelBytes, trailer, length, digest, MAGIC]) {
      for (let from = 0; from < part.length; ) {
        const { bytesWritten } = await handle.write(part, from, part.length - from, at);
        from += bytesWritten;
        at += bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const path = await share(file.path, kept);
  return { ...dataset, file: await describeFile(path, file) };
}

/** Give an own file a second name that stays. @returns the name by which this process knows it */
async function share(own: string, kept: string): Promise<string> {
  try {
    await link(own, kept);
    return own;
  } catch (error) {
    // Another process was quicker with the same samples.
    if (codeOf(error) === 'EEXIST') return own;
    if (!hasNoLinks(error)) throw error;
    await rename(own, kept);
    disown(own);
    return kept;
  }
}

async function openKept(folder: string, kept: string): Promise<FileDataset | undefined> {
  if (!(await stat(kept).catch(() => null))) return undefined;
  let path = await ownPath(folder);
  try {
    await link(kept, path);
  } catch (error) {
    await removeOwn(path);
    if (codeOf(error) === 'ENOENT') return undefined;
    if (!hasNoLinks(error)) throw error;
    path = kept;
  }
  const handle = await open(path, 'r');
  const read = await readKept(handle, path).finally(() => handle.close());
  if (read) return read;
  // Damaged: it is written again.
  await removeOwn(path);
  await rm(kept, { force: true });
  return undefined;
}

async function readKept(handle: FileHandle, path: string): Promise<FileDataset | undefined> {
  const { size } = await handle.stat();
  const part = async (from: number, length: number): Promise<Buffer | undefined> => {
    if (from < 0) return undefined;
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await handle.read(bytes, 0, length, from);
    return bytesRead === length ? bytes : undefined;
  };
  const end = await part(size - END_BYTES, END_BYTES);
  if (!end?.subarray(36).equals(MAGIC)) return undefined;
  const length = end.readUInt32LE(0);
  if (length > MAX_TRAILER_BYTES) return undefined;
  const trailer = await part(size - END_BYTES - length, length);
  if (!trailer) return undefined;
  const parsed = trailerSchema.safeParse(jsonOf(trailer));
  if (!parsed.success) return undefined;
  const { stride, values, sampleBytes, classNames, report, count, ...rest } = parsed.data;
  if (size !== sampleBytes + 4 * count + length + END_BYTES) return undefined;
  const width = valuesOf(rest.inputShape) * (values === 'float32' ? 4 : 1);
  if ((count - 1) * stride + width > sampleBytes) return undefined;
  const labelBytes = await part(sampleBytes, 4 * count);
  if (!labelBytes) return undefined;
  const digest = createHash('sha256').update(labelBytes).update(trailer).digest();
  if (!digest.equals(end.subarray(4, 36))) return undefined;
  const labels = new Int32Array(count);
  new Uint8Array(labels.buffer).set(labelBytes);
  return createFileDataset({
    file: await describeFile(path, { offset: 0, stride, values }),
    labels,
    ...rest,
    ...(classNames ? { classNames } : {}),
    ...(report ? { report } : {}),
  });
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What tells data apart from other data without reading it: path, size and time of change of each file. */
async function filesIn(path: string): Promise<string> {
  const hash = createHash('sha256').update(await realpath(path));
  const visit = async (at: string | Buffer, above: readonly string[]): Promise<void> => {
    const info = await stat(at).catch(() => null);
    hash.update(JSON.stringify([Buffer.from(at).toString('latin1'), info?.size ?? -1, info?.mtimeMs ?? 0]));
    if (!info?.isDirectory()) return;
    const target = await realpath(at);
    if (above.includes(target)) return;
    const names = await readdir(at, { encoding: 'buffer' });
    names.sort(Buffer.compare);
    for (const name of names) {
      await visit(Buffer.concat([Buffer.from(at), Buffer.from('/'), name]), [...above, target]);
    }
  };
  await visit(path, []);
  return hash.digest('hex');
}

function digestOf(files: string, reading: string): string {
  return createHash('sha256')
    .update(JSON.stringify([VERSION, files, reading]))
    .digest('hex')
    .slice(0, 32);
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** File systems without hard links, such as exFAT: there the one file is used by all. */
function hasNoLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'].includes(codeOf(error) ?? '');
}
