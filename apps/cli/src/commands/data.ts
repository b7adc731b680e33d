import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ChorusError, counted } from '@chorus/protocol';
import { addData, examineData, listData, type RegisteredData, removeData } from '@chorus/service-training';
import { fetchDataset } from '@chorus/training';
import { Argument, Command, Option } from 'commander';
import envPaths from 'env-paths';
import colors from 'yoctocolors';
import { readingProgress, scratchFolder } from '../data/reading.ts';
import { dataLines } from '../data/view.ts';
import { Interrupted } from '../environment/exit.ts';
import { configOf, configPathOf, dataDirOf, type HomeOptions, homeOptions } from '../environment/home.ts';
import { editConfig } from '../environment/node-config.ts';
import { type DataFlags, dataOptions, readingOptions } from '../options/data.ts';
import { columns } from '../output/columns.ts';
import { startProgress } from '../output/progress.ts';
import { print, printJson } from '../output/table.ts';
import { bytes } from '../output/units.ts';

interface AddFlags extends HomeOptions, DataFlags {
  split?: 'train' | 'test';
  use?: boolean;
  dryRun?: boolean;
}

/** `chorus data`: what a node trains on. */
export function dataCommand(): Command {
  const add = dataOptions(new Command('add'))
    .description(
      'register a folder, CSV file or shard file under a name. The data stays in place and is never sent: only its name, sizes and shapes may leave this machine',
    )
    .argument('<name>', 'lower-case letters, digits, - and _')
    .argument('<path>', 'IDX, CSV, images by class, text, or a shard file')
    .addOption(new Option('--split <part>', 'the part of a folder to train on').choices(['train', 'test']))
    .option('--dry-run', 'only print how chorus reads the data')
    .option('--use', 'train on it from the next start, if other data is in use')
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus data add digits ./mnist\n  $ chorus data add animals ./photos --classes classes.txt --shape 3x64x64',
    )
    .action(addAction);
  const list = new Command('list')
    .description('registered data')
    .addHelpText('after', '\nExample:\n  $ chorus data list')
    .action(listAction);
  const remove = new Command('remove')
    .description('forget registered data; its files stay')
    .argument('<name>', 'as `chorus data list` shows it')
    .addHelpText('after', '\nExample:\n  $ chorus data remove digits')
    .action(removeAction);
  const command = new Command('data').description(
    'data to train on: register your own, or fetch a public set',
  );
  for (const sub of [add, list, remove]) command.addCommand(homeOptions(sub));
  return command.addCommand(fetchCommand());
}

async function addAction(name: string, path: string, flags: AddFlags): Promise<void> {
  const dataDir = await dataDirOf(flags);
  if (!flags.dryRun && !existsSync(dataDir)) {
    throw new ChorusError('E_CONFIG_MISSING', 'no node in this folder to register data with', {
      facts: { folder: dataDir },
      hint: 'create one with `chorus init`',
    });
  }
  const options = { ...(flags.split ? { split: flags.split } : {}), ...(await readingOptions(flags)) };
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Interrupted()));
  const progress = readingProgress(path);
  const bounds = { signal: abort.signal, onProgress: progress.onProgress };
  if (flags.dryRun) {
    const room = { ...bounds, spill: { folder: scratchFolder() } };
    const { understood } = await examineData(path, options, room).finally(progress.stop);
    return flags.json ? printJson({ understood }) : print(...dataLines(understood));
  }
  const quotaBytes = existsSync(configPathOf(flags)) ? (await configOf(flags)).config.limits.disk : undefined;
  const { understood, ...entry } = await addData(dataDir, name, path, options, {
    ...bounds,
    quotaBytes,
  }).finally(progress.stop);
  const used = await usedData(flags);
  // The node uses its first data at once; later data only if the user asks for that.
  const use = flags.use || (used === undefined && existsSync(configPathOf(flags)));
  if (use) await editConfig(configPathOf(flags), 'training.data', name);
  if (flags.json) return printJson({ ...entry, understood, used: use });
  print(
    `${colors.bold(name)}: ${describe(entry)}`,
    ...dataLines(understood).slice(1),
    use
      ? 'the node trains on it from its next start on'
      : colors.dim(
          used === undefined
            ? `no configuration names data to train on: create one with chorus init, then chorus config set training.data ${name}`
            : `in use is ${used}; change that with chorus config set training.data ${name}`,
        ),
  );
}

/** The data that the configuration names, if there is a configuration. */
async function usedData(flags: HomeOptions): Promise<string | undefined> {
  return existsSync(configPathOf(flags)) ? (await configOf(flags)).config.training.data : undefined;
}

const describe = ({ samples, inputShape, classes, bytes: size }: RegisteredData) =>
  `${counted(samples, 'sample')} of ${inputShape.join('x')}, ${counted(classes, 'class', 'classes')}, ${bytes(size)}`;

async function listAction(flags: HomeOptions): Promise<void> {
  const data = await listData(await dataDirOf(flags));
  const used = (await usedData(flags)) ?? (data.length === 1 ? data[0]!.name : undefined);
  if (flags.json) return printJson({ data: data.map((entry) => ({ ...entry, used: entry.name === used })) });
  if (data.length === 0) return print('no data is registered; register some: chorus data add NAME PATH');
  print(
    ...columns(
      ['', 'NAME', 'SAMPLES', 'SHAPE', 'CLASSES', 'SIZE', 'PART', 'PATH'],
      data.map((entry) => [
        entry.name === used ? '*' : '',
        entry.name,
        entry.samples.toLocaleString('en'),
        entry.inputShape.join('x'),
        String(entry.classes),
        bytes(entry.bytes),
        entry.split ?? 'shard',
        entry.path,
      ]),
      [1, 20, 10, 12, 7, 8, 5, 200],
    ),
    colors.dim('* in use'),
  );
}

async function removeAction(name: string, flags: HomeOptions): Promise<void> {
  const entry = await removeData(await dataDirOf(flags), name);
  const used = (await usedData(flags)) === name;
  if (used) await editConfig(configPathOf(flags), 'training.data', null);
  if (flags.json) printJson({ removed: entry.name, path: entry.path });
  else print(`${name} is forgotten; ${entry.path} stays`);
}

function fetchCommand(): Command {
  return new Command('fetch')
    .description('download a public data set into the cache; resumes, and checks sha256')
    .addArgument(new Argument('<name>', 'name of the data set').choices(['mnist', 'fashion-mnist']))
    .option('--cache <dir>', 'folder to store it in')
    .option('--base-url <url>', 'download from a mirror')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', '\nExample:\n  $ chorus demo --data "$(chorus data fetch mnist)"')
    .action(fetchAction);
}

async function fetchAction(
  name: 'mnist' | 'fashion-mnist',
  options: { cache?: string; baseUrl?: string; json?: boolean },
): Promise<void> {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Interrupted()));
  const progress = startProgress(`fetching ${name}`);
  try {
    const folder = await fetchDataset(name, {
      cacheDir: options.cache ?? join(envPaths('chorus', { suffix: '' }).cache, 'data'),
      ...(options.baseUrl ? { baseUrl: options.baseUrl } : {}),
      signal: abort.signal,
      onProgress: (done, total) => {
        // A log has one line for all of it.
        if (process.stderr.isTTY) progress.step(`fetching ${name}: ${Math.floor((100 * done) / total)} %`);
      },
    });
    progress.stop();
    if (options.json) printJson({ name, folder });
    else process.stdout.write(`${folder}\n`);
  } catch (error) {
    throw abort.signal.aborted ? new Interrupted() : error;
  } finally {
    progress.stop();
  }
}
