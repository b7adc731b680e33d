import { readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sizeOnDisk } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import {
  type ClassOptions,
  type DataDescription,
  type Dataset,
  describeDataset,
  forgetSamples,
  isCsv,
  isNumbered,
  isWritten,
  keptOr,
  type LoadOptions,
  loadDataset,
  readShard,
} from '@chorus/training';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

/** The registered data of a node, within its data folder. */
export const DATA_FILE = 'data.json';

const MAX_REGISTRY_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 256;
/** Maximum total length of the class names of one entry: 20,000 names as long as ImageNet's. */
const MAX_NAMES_LENGTH = 256 * 1024;

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
  /**
   * Names of the classes, in the order of their numbers; null if the classes have only numbers. The data keeps this
   * meaning even if files are added later. Absent in entries of earlier versions, and if it would be too long.
   */
  classNames: z.array(z.string().max(200)).min(2).nullable().optional(),
  /** How to read the files, if that was stated or detected once. */
  reading: z
    .strictObject({
      imageShape: z.tuple([z.number().int(), z.number().int(), z.number().int()]).optional(),
      leaveOut: z.array(z.string().max(200)).max(4096).optional(),
      separator: z.string().max(8).optional(),
      encoding: z.string().max(40).optional(),
      limit: z.number().int().positive().optional(),
    })
    .optional(),
  /** Size of the files on disk. */
  bytes: z.number().int().nonnegative(),
  /** Unix seconds. */
  addedAt: z.number().int().nonnegative(),
});

/** Data registered under a name. Name, sizes and shapes may be sent to others; the path never is. */
export type RegisteredData = z.infer<typeof entrySchema>;

const registrySchema = z.strictObject({
  version: z.literal(1),
  data: z.array(entrySchema).max(MAX_ENTRIES),
});

/** How to read registered data; {@link LoadOptions} explains each option. */
export interface AddDataOptions
  extends Pick<
    LoadOptions,
    'split' | 'classNames' | 'classes' | 'imageShape' | 'leaveOut' | 'separator' | 'encoding' | 'limit'
  > {
  labelColumn?: string;
}

/** Bounds and progress of reading data, which a registration does not depend on. */
export interface ReadingBounds extends Pick<LoadOptions, 'signal' | 'onProgress'> {
  /** Most bytes of the data folder: a file of samples that are too many for memory must fit into what is left. */
  quotaBytes?: number | undefined;
  /** Bytes of samples that stay in memory; default: as `loadDataset` has it. */
  memoryBytes?: number | undefined;
}

/** Within a data folder: the samples of data too large for memory. */
const SAMPLES_FOLDER = 'samples';

/** Registered data, and how it was read. */
export type AddedData = RegisteredData & { understood: DataDescription };

/**
 * Register a data folder, CSV file or shard file under a name. It is read once to check that it is readable. Nothing is
 * copied, unless it is too large for memory: then its samples are kept in the data folder. Its class names, their numbers and the shape of its images are recorded, so that they stay the same.
 * @throws ChorusError `E_DATA_NAME`, `E_DATA_EXISTS`, `E_USAGE` if options are for data of another kind, and the
 * errors
 * of reading data
 */
export async function addData(
  dataDir: string,
  name: string,
  path: string,
  options: AddDataOptions = {},
  bounds: ReadingBounds = {},
): Promise<AddedData> {
  const checked = nameSchema.safeParse(name);
  if (!checked.success) {
    throw new ChorusError('E_DATA_NAME', `a name of data ${checked.error.issues[0]?.message}`, {
      facts: { name: name.slice(0, 80) },
    });
  }
  const known = await listData(dataDir);
  if (known.some((entry) => entry.name === name)) {
    throw new ChorusError('E_DATA_EXISTS', 'data with this name is already registered', {
      facts: { name },
      hint: 'remove it first with `chorus data remove`, or use another name',
    });
  }
  const full = await realpathOf(path);
  const entryOf = async (dataset: Dataset): Promise<RegisteredData> => ({
    name,
    ...(await entryPartOf(full, dataset, options)),
    bytes: await sizeOnDisk(full),
    addedAt: Math.floor(Date.now() / 1000),
  });
  const folder = join(dataDir, SAMPLES_FOLDER);
  let entry: RegisteredData | undefined;
  const load = async (): Promise<Dataset> => {
    const dataset = await read(full, options, await roomIn(dataDir, bounds));
    entry = await entryOf(dataset);
    return dataset;
  };
  const dataset = await keptOr(full, { folder, name, reading: () => readingText(entry!) }, load);
  await writeRegistry(dataDir, [...known, entry!]);
  return { ...entry!, understood: describeDataset(dataset) };
}

/**
 * Read data as {@link addData} does, without registering it.
 * @param room for data that is too large for memory
 * @throws ChorusError as {@link addData}
 */
export async function examineData(
  path: string,
  options: AddDataOptions = {},
  room: Room = {},
): Promise<Omit<AddedData, 'name' | 'bytes' | 'addedAt'>> {
  const full = await realpathOf(path);
  const dataset = await read(full, options, room);
  return { ...(await entryPartOf(full, dataset, options)), understood: describeDataset(dataset) };
}

type Room = Pick<LoadOptions, 'spill' | 'signal' | 'onProgress'>;

/** Where the samples of a node's data go that are too many for memory. */
async function roomIn(dataDir: string, { quotaBytes, memoryBytes, ...rest }: ReadingBounds): Promise<Room> {
  const left =
    quotaBytes === undefined ? {} : { maxBytes: Math.max(0, quotaBytes - (await sizeOnDisk(dataDir))) };
  const folder = join(dataDir, SAMPLES_FOLDER);
  return { ...rest, spill: { folder, ...left, ...(memoryBytes === undefined ? {} : { memoryBytes }) } };
}

async function read(full: string, options: AddDataOptions, room: Room): Promise<Dataset> {
  const { split: wanted, labelColumn, ...stated } = options;
  const split = (await isShard(full)) ? null : (wanted ?? ('train' as const));
  if (split === null && Object.values(options).some((value) => value !== undefined)) {
    throw new ChorusError('E_USAGE', 'a shard file defines itself how to read it', {
      facts: { path: full, given: Object.keys(options).join(', ') },
      hint: 'register it without these options',
    });
  }
  if (split === null) return readShard(full, room.spill);
  return loadDataset(full, {
    ...stated,
    split,
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...room,
  });
}

async function entryPartOf(
  full: string,
  dataset: Dataset,
  options: AddDataOptions,
): Promise<Omit<RegisteredData, 'name' | 'bytes' | 'addedAt'>> {
  const { split: wanted, labelColumn, ...stated } = options;
  const split = (await isShard(full)) ? null : (wanted ?? ('train' as const));
  const { count, classes, inputShape } = dataset;
  const reading = readingOf(dataset, stated);
  return {
    path: full,
    split,
    labelColumn: labelColumn ?? null,
    samples: count,
    classes,
    inputShape,
    ...namesOf(dataset, options),
    ...(reading ? { reading } : {}),
  };
}

type Reading = NonNullable<RegisteredData['reading']>;

/** Options that the next reading of the data needs. */
function readingOf(
  { report, inputShape }: Dataset,
  { leaveOut, separator, encoding, limit }: AddDataOptions,
): Reading | undefined {
  const [channels, height, width] = inputShape;
  const reading: Reading = {
    ...(report?.format === 'images' ? { imageShape: [channels!, height!, width!] } : {}),
    ...(leaveOut ? { leaveOut: [...leaveOut] } : {}),
    ...(separator === undefined ? {} : { separator }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(limit === undefined ? {} : { limit }),
  };
  return Object.keys(reading).length > 0 ? reading : undefined;
}

/** The names to record. @throws ChorusError `E_DATA_FORMAT` if the stated names are too long */
function namesOf(
  { classNames, report }: Dataset,
  { classNames: stated }: AddDataOptions,
): Pick<RegisteredData, 'classNames'> {
  if (!classNames || !report || isWritten(report)) return {};
  if (isNumbered(classNames)) return { classNames: null };
  const length = classNames.reduce((sum, name) => sum + name.length, 0);
  if (length <= MAX_NAMES_LENGTH) return { classNames };
  if (!stated) return {};
  throw new ChorusError('E_DATA_FORMAT', 'the names of the classes are too long to be recorded', {
    facts: { letters: length, limit: MAX_NAMES_LENGTH },
    hint: 'shorten them, or label the samples by numbers and give the number of classes with --classes N',
  });
}

/** All registered data, in the order of registration. */
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
  await forgetSamples(join(dataDir, SAMPLES_FOLDER), name);
  return entry;
}

/**
 * Open the data a configuration names: a registered name, a folder or a shard file. Without a name, the only
 * registered data is opened.
 *
 * @param stated classes of files that are not registered; registered data has its own classes
 * @throws ChorusError `E_DATA_MISSING`, `E_DATA_UNKNOWN`, `E_DATA_UNREADABLE`, `E_DATA_FORMAT`, `E_DATA_LABEL`
 */
export async function openData(
  dataDir: string,
  data: string | undefined,
  stated: ClassOptions = {},
  bounds: ReadingBounds = {},
): Promise<Dataset> {
  const known = await listData(dataDir);
  const room = await roomIn(dataDir, bounds);
  const openPlace = (entry: RegisteredData) => openRegistered(join(dataDir, SAMPLES_FOLDER), entry, room);
  if (data === undefined) {
    const [only, ...others] = known;
    if (only && others.length === 0) return openPlace(only);
    throw new ChorusError('E_DATA_MISSING', 'a trainer or validator needs data', {
      hint:
        others.length > 0
          ? `choose one with \`chorus config set training.data NAME\`: ${known.map(({ name }) => name).join(', ')}`
          : 'register some with `chorus data add NAME PATH`, or set `training.data` in the configuration to a folder or shard file',
    });
  }
  const entry = known.find(({ name }) => name === data);
  if (entry) return openPlace(entry);
  const path = resolve(dataDir, data);
  await stat(path).catch((cause) => {
    throw nameSchema.safeParse(data).success ? unknownData(data, known) : unreadable(path, cause);
  });
  return (await isShard(path)) ? readShard(path, room.spill) : loadDataset(path, { ...stated, ...room });
}

/** How registered data is read, as a text. */
function readingText({ split, labelColumn, classNames, classes, reading }: RegisteredData): string {
  return JSON.stringify([split, labelColumn, classNames, classes, reading]);
}

/** Open registered data as it was read at registration. */
function openRegistered(folder: string, entry: RegisteredData, room: Room): Promise<Dataset> {
  const { name, path, split, labelColumn, classNames, classes, reading = {} } = entry;
  if (split === null) return readShard(path, room.spill);
  const stated: Pick<LoadOptions, 'classNames' | 'classes'> =
    classNames === undefined ? {} : classNames === null ? { classes } : { classNames };
  const { imageShape, ...options } = reading;
  return keptOr(path, { folder, name, reading: readingText(entry) }, () =>
    loadDataset(path, {
      split,
      ...stated,
      ...(Object.fromEntries(
        Object.entries(options).filter(([, value]) => value !== undefined),
      ) as LoadOptions),
      ...(imageShape ? { imageShape } : {}),
      ...(labelColumn === null ? {} : { labelColumn }),
      ...room,
    }),
  );
}

/** All files except tables are shards. */
async function isShard(path: string): Promise<boolean> {
  if ((await stat(path)).isDirectory()) return false;
  return !isCsv(path);
}

async function realpathOf(path: string): Promise<string> {
  return realpath(path).catch((cause) => {
    throw unreadable(path, cause);
  });
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
