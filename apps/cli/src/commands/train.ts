import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isGguf } from '@chorus/language-models';
import { ChorusError } from '@chorus/protocol';
import {
  buildModel,
  type Dataset,
  describeDataset,
  loadParts,
  MODEL_NAMES,
  readModelFile,
  removeCheckpoints,
  trainModel,
  windowOfModel,
} from '@chorus/training';
import { Command, Option } from 'commander';
import { readingProgress } from '../data/reading.ts';
import { dataLines } from '../data/view.ts';
import { Interrupted } from '../environment/exit.ts';
import { dataOptions } from '../options/data.ts';
import { checkFolder, checkOutput, writeNew, writeOutput } from '../output/check-output.ts';
import { print, printJson } from '../output/table.ts';
import { classFileOf, classFileText } from '../train/class-file.ts';
import { parseTrainOptions, type RawTrainOptions, type TrainCommandOptions } from '../train/options.ts';
import { createTrainView } from '../train/view.ts';

const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'dml'];

/** `chorus train`: trains any ONNX classifier on local data, without a network. */
export function trainCommand(): Command {
  const command = new Command('train')
    .description('train an ONNX model on local data: no task, no network; checkpoints every epoch')
    .argument('<model>', 'ONNX file with one data input and logits as first output')
    .requiredOption('--data <path>', 'IDX (MNIST), CSV, images in a folder per class, or text files')
    .option(
      '--dry-run',
      'only print how chorus reads the data: shape, classes with counts, what is left out',
    );
  return dataOptions(command)
    .option('--epochs <n>', 'total number of epochs', '3')
    .option('--batch <n>', 'samples per step', '32')
    .option('--lr <x>', 'learning rate (default: 0.1 for sgd, 0.02 with momentum, 0.001 for adam and adamw)')
    .addOption(
      new Option('--optimizer <name>', 'optimizer')
        .choices(['sgd', 'momentum', 'adam', 'adamw'])
        .default('momentum'),
    )
    .option('--weight-decay <x>', 'weight decay', '0')
    .addOption(
      new Option('--loss <kind>', 'loss function')
        .choices(['softmax-cross-entropy', 'mse', 'bce-with-logits'])
        .default('softmax-cross-entropy'),
    )
    .addOption(new Option('--device <name>', 'device to compute on').choices(DEVICES).default('auto'))
    .option('--threads <n>', 'threads per operator', '1')
    .option('--freeze <pattern>', 'freeze parameters whose names match')
    .option('--lora <pattern:rank>', 'train low-rank adapters for weights whose names match')
    .option('--seed <n>', 'seed of shuffling, dropout and new models', '1')
    .addOption(
      new Option(
        '--new <name>',
        'if the file is missing, first write a new, untrained model that fits the data; what is trained goes to --out',
      ).choices([...MODEL_NAMES]),
    )
    .option(
      '--out <file>',
      'file to write the trained model to; the names of its classes go next to it, into *.classes.txt',
      'trained.onnx',
    )
    .option(
      '--checkpoint <dir>',
      'folder for checkpoints, which are kept; by default they lie next to the trained model until it is written',
    )
    .option(
      '--scratch <dir>',
      'folder for samples of data that is too large for memory, until the command ends (default: the cache)',
    )
    .option('--resume', 'continue from the newest checkpoint')
    .option('--json', 'one JSON document on standard output; progress goes to standard error')
    .addHelpText(
      'after',
      '\nExample:\n  $ chorus train model.onnx --new cnn --data "$(chorus data fetch mnist)" --epochs 3',
    )
    .action(async (model: string, raw: RawTrainOptions) => run(model, await parseTrainOptions(raw)));
}

async function run(path: string, options: TrainCommandOptions): Promise<void> {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    // The second signal ends the process at once; checkpoints are complete at every moment.
    process.on(name, () => (abort.signal.aborted ? process.exit(130) : abort.abort(new Interrupted())));
  }
  const { signal } = abort;
  const view = createTrainView(path, options);
  try {
    if (!options.dryRun) {
      await checkOutput('--out', options.out);
      await checkFolder('--checkpoint', dirname(options.checkpoints));
    }
    const reading = readingProgress(options.data);
    const context = existsSync(path) ? windowOfModel(await onnxOf(path)) : undefined;
    const { train: dataset, test: validation } = await loadParts(options.data, {
      ...options.reading,
      ...(context === undefined ? {} : { context }),
      spill: { folder: options.scratch },
      signal,
      onProgress: reading.onProgress,
    }).finally(() => reading.stop());
    const understood = { train: describeDataset(dataset), test: describeDataset(validation) };
    if (options.dryRun) {
      if (options.json) return printJson(understood);
      return print(...dataLines(understood.train), ...dataLines(understood.test));
    }
    view.data([...dataLines(understood.train), ...dataLines(understood.test)]);
    const model = await modelBytes(path, options, dataset);
    const { epochs, batchSize, learningRate, optimizer, loss, device, threads, seed, checkpoints } = options;
    const trained = await trainModel({
      model,
      dataset,
      validation,
      epochs,
      batchSize,
      learningRate,
      optimizer,
      loss,
      device,
      threads,
      seed,
      checkpoints,
      resume: options.resume,
      signal,
      ...(options.freeze ? { freeze: options.freeze } : {}),
      ...(options.lora ? { lora: options.lora } : {}),
      onOpen: ({ dimension, device: chosen }, resumedFrom) =>
        view.open({
          dimension,
          device: chosen,
          samples: dataset.count,
          held: validation.count,
          resumedFrom,
        }),
      onProgress: (fraction, last) => view.progress(fraction, last),
      onEpoch: (result) => view.epoch(result),
    });
    const names = classFileText(dataset);
    const classFile = names === null ? null : classFileOf(options.out);
    await writeOutput(options.out, trained.model);
    if (classFile !== null) await writeOutput(classFile, names!);
    if (!options.keepsCheckpoints) await removeCheckpoints(checkpoints);
    view.finish(trained, {
      out: options.out,
      classFile,
      checkpoints: options.keepsCheckpoints ? checkpoints : null,
      understood,
    });
  } catch (error) {
    view.stop();
    if (signal.aborted) {
      process.stderr.write(
        `\nstopped; the same command with --resume continues from ${options.checkpoints}\n`,
      );
      throw new Interrupted();
    }
    throw error;
  }
}

async function modelBytes(path: string, options: TrainCommandOptions, dataset: Dataset): Promise<Uint8Array> {
  const { newModel, seed } = options;
  if (newModel && !existsSync(path)) {
    const { inputShape, classes } = dataset;
    await checkFolder('the model', dirname(path));
    await writeNew(path, buildModel(newModel, { inputShape, classes, seed }));
  }
  return onnxOf(path);
}

/** @throws ChorusError `E_MODEL_...` */
async function onnxOf(path: string): Promise<Uint8Array> {
  const bytes = await readModelFile(path);
  if (!isGguf(bytes)) return bytes;
  throw new ChorusError('E_MODEL_UNSUPPORTED', 'language models in GGUF files are trained by tasks only', {
    facts: { path },
    hint: 'publish one: chorus task create --model FILE --lora 4 --data DIR; alone on this machine: chorus demo --llm FILE',
  });
}
