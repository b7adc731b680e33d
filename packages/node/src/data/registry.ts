import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { type Dataset, loadDataset, readShard } from '@chorus/training';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

/** The registered data of a node, within its data folder. */
export const DATA_FILE = 'data.json';

const MAX_REGISTRY_BYTES = 1024 * 1024;
const MAX_ENTRIES = 256;

const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, - and _');

const entrySchema = z.strictObject({
  name: nameSchema,
  path: z.string().min(1).max(4096),
  /** Which part of a folder is trained on; a shard has no parts. */
  split: z.enum(['train', 'test']).nullable(),
  /** CSV: the column with the labels. */
  labelColumn: z.string().max(200).nullable(),
  samples: z.number().int().positive(),
  classes: z.number().int().positive(),
  inputShape: z.array(z.number().int().positive()).min(1).max(8),
  /** Of the files, on disk. */
  bytes: z.number().int().nonnegative(),
  /** Unix seconds. */
  addedAt: z.number().int().nonnegative(),
});

/** Data registered under a name. Of this, name, sizes and shapes may be told to others; the path never is. */
export type RegisteredData = z.infer<typeof entrySchema>;

const registrySchema = z.strictObject({
  version: z.literal(1),
  data: z.array(entrySchema).max(MAX_ENTRIES),
});

export interface AddDataOptions {
  split?: 'train' | 'test';
  labelColumn?: string;
}

/**
 * Register a data folder or shard file under a name. It is read once, to see that it can be; nothing is copied.
 * @throws ChorusError `E_DATA_NAME`, `E_DATA_EXISTS`, and the errors of reading data
 */
export async function addData(
  dataDir: string,
  name: string,
  path: string,
  options: AddDataOptions = {},
): Promise<RegisteredData> {
  const checked = nameSchema.safeParse(name);
  if (!checked.success) {
    throw new ChorusError('E_DATA_NAME', `a name of data ${checked.error.issues[0]?.message}`, {
      facts: { name: name.slice(0, 80) },
    });
  }
  const known = await listData(dataDir);
  if (known.some((entry) => entry.name === name)) {
    throw new ChorusError('E_DATA_EXISTS', 'there is data of this name', {
      facts: { name },
      hint: 'remove it first with `chorus data remove`, or take another name',
    });
  }
  const full = await realpath(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  const isFolder = (await stat(full)).isDirectory();
  const place = {
    path: full,
    split: isFolder ? (options.split ?? ('train' as const)) : null,
    labelColumn: options.labelColumn ?? null,
  };
  const { count, classes, inputShape } = await openPlace(place);
  const entry: RegisteredData = {
    name,
    ...place,
    samples: count,
    classes,
    inputShape,
    bytes: await sizeOf(full, isFolder),
    addedAt: Math.floor(Date.now() / 1000),
  };
  await writeRegistry(dataDir, [...known, entry]);
  return entry;
}

/** Everything registered, in the order it was. */
export async function listData(dataDir: string): Promise<RegisteredData[]> {
  const path = join(dataDir, DATA_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(path, error);
  }
  try {
    if (text.length > MAX_REGISTRY_BYTES) throw new Error('the file is too long');
    return registrySchema.parse(JSON.parse(text)).data;
  } catch (cause) {
    throw new ChorusError('E_DATA_REGISTRY', 'the list of registered data is damaged', {
      facts: { path },
      hint: 'restore the file, or delete it and register the data again',
      cause,
    });
  }
}

/**
 * Forget data; its files stay.
 * @throws ChorusError `E_DATA_UNKNOWN`
 */
export async function removeData(dataDir: string, name: string): Promise<RegisteredData> {
  const known = await listData(dataDir);
  const entry = known.find((candidate) => candidate.name === name);
  if (!entry) throw unknownData(name, known);
  await writeRegistry(
    dataDir,
    known.filter((candidate) => candidate !== entry),
  );
  return entry;
}

/**
 * Open the data a configuration names: a registered name, a folder or a shard file. Without a name the only
 * registered data is meant.
 *
 * @throws ChorusError `E_DATA_MISSING`, `E_DATA_UNKNOWN`, `E_DATA_UNREADABLE`, `E_DATA_FORMAT`
 */
export async function openData(dataDir: string, data: string | undefined): Promise<Dataset> {
  const known = await listData(dataDir);
  if (data === undefined) {
    const [only, ...others] = known;
    if (only && others.length === 0) return openPlace(only);
    throw new ChorusError('E_DATA_MISSING', 'a trainer or validator needs data', {
      hint:
        others.length > 0
          ? `choose one with \`chorus config set data NAME\`: ${known.map(({ name }) => name).join(', ')}`
          : 'register some with `chorus data add NAME PATH`, or set `data` in the configuration to a folder or shard file',
    });
  }
  const entry = known.find(({ name }) => name === data);
  if (entry) return openPlace(entry);
  const path = resolve(dataDir, data);
  const info = await stat(path).catch((cause) => {
    throw nameSchema.safeParse(data).success ? unknownData(data, known) : unreadable(path, cause);
  });
  return info.isDirectory() ? loadDataset(path) : readShard(path);
}

function openPlace({
  path,
  split,
  labelColumn,
}: Pick<RegisteredData, 'path' | 'split' | 'labelColumn'>): Promise<Dataset> {
  if (split === null) return readShard(path);
  return loadDataset(path, { split, ...(labelColumn === null ? {} : { labelColumn }) });
}

async function sizeOf(path: string, isFolder: boolean): Promise<number> {
  if (!isFolder) return (await stat(path)).size;
  let bytes = 0;
  for (const file of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) bytes += (await stat(join(file.parentPath, file.name))).size;
  }
  return bytes;
}

async function writeRegistry(dataDir: string, data: RegisteredData[]): Promise<void> {
  const text = JSON.stringify({ version: 1, data } satisfies z.infer<typeof registrySchema>, null, 2);
  await writeFileAtomic(join(dataDir, DATA_FILE), `${text}\n`, { mode: 0o600 });
}

function unknownData(name: string, known: readonly RegisteredData[]): ChorusError {
  return new ChorusError('E_DATA_UNKNOWN', 'no data is registered under this name', {
    facts: { name, registered: known.map((entry) => entry.name).join(', ') || 'none' },
    hint: 'register it with `chorus data add NAME PATH`',
  });
}

function unreadable(path: string, cause: unknown): ChorusError {
  return new ChorusError('E_DATA_UNREADABLE', 'cannot read the data', {
    facts: { path },
    hint: 'check that the path exists and is readable',
    cause,
  });
}
