import { ChorusError } from '@chorus/protocol';
import type { Device, Loss, ModelName, Optimizer } from '@chorus/training';
import { scratchFolder } from '../data/reading.ts';
import { type DataFlags, type ReadingOptions, readingOptions } from '../options/data.ts';

/** Options as commander gives them. */
export interface RawTrainOptions extends DataFlags {
  data: string;
  epochs: string;
  batch: string;
  lr?: string;
  optimizer: string;
  weightDecay: string;
  loss: Loss['kind'];
  device: Device;
  threads: string;
  freeze?: string;
  lora?: string;
  seed: string;
  new?: ModelName;
  out: string;
  checkpoint?: string;
  scratch?: string;
  dryRun?: boolean;
  resume?: boolean;
  json?: boolean;
}

export interface TrainCommandOptions {
  data: string;
  epochs: number;
  batchSize: number;
  learningRate: number;
  optimizer: Optimizer;
  loss: Loss;
  device: Device;
  threads: number;
  freeze: RegExp | undefined;
  lora: { target: RegExp; rank: number } | undefined;
  seed: number;
  reading: ReadingOptions;
  newModel: ModelName | undefined;
  out: string;
  checkpoints: string;
  /** The user named the folder of checkpoints, so they stay after the training. */
  keepsCheckpoints: boolean;
  /** Folder for samples of data that is too large for memory. */
  scratch: string;
  /** Only report how chorus reads the data. */
  dryRun: boolean;
  resume: boolean;
  json: boolean;
}

/**
 * Check the options of `chorus train`.
 * @throws ChorusError `E_USAGE` naming the invalid option, `E_DATA_*` if a file of class names cannot be used
 */
export async function parseTrainOptions(raw: RawTrainOptions): Promise<TrainCommandOptions> {
  return {
    data: raw.data,
    epochs: whole('--epochs', raw.epochs, 1, 100_000),
    batchSize: whole('--batch', raw.batch, 1, 1_000_000),
    learningRate: raw.lr === undefined ? usualRate(raw.optimizer) : positive('--lr', raw.lr),
    optimizer: optimizerOf(raw),
    loss: { kind: raw.loss },
    device: raw.device,
    threads: whole('--threads', raw.threads, 1, 256),
    freeze: raw.freeze === undefined ? undefined : pattern('--freeze', raw.freeze),
    lora: raw.lora === undefined ? undefined : loraOf(raw.lora),
    seed: whole('--seed', raw.seed, 0, Number.MAX_SAFE_INTEGER),
    reading: await readingOptions(raw),
    newModel: raw.new,
    out: raw.out,
    checkpoints: raw.checkpoint ?? `${raw.out}.checkpoints`,
    keepsCheckpoints: raw.checkpoint !== undefined,
    scratch: raw.scratch ?? scratchFolder(),
    dryRun: raw.dryRun === true,
    resume: raw.resume === true,
    json: raw.json === true,
  };
}

/** A rate at which most models of this size learn well. */
function usualRate(optimizer: string): number {
  if (optimizer === 'sgd') return 0.1;
  return optimizer === 'momentum' ? 0.02 : 0.001;
}

function optimizerOf({ optimizer, weightDecay }: RawTrainOptions): Optimizer {
  const decay = Number(weightDecay);
  if (!(decay >= 0 && Number.isFinite(decay)) || weightDecay === '') {
    throw usage('--weight-decay', weightDecay, 'a number from 0');
  }
  switch (optimizer) {
    case 'adam':
    case 'adamw':
      return { kind: optimizer, weightDecay: decay };
    case 'momentum':
      return { kind: 'sgd', momentum: 0.9, weightDecay: decay };
    default:
      return { kind: 'sgd', momentum: 0, weightDecay: decay };
  }
}

/** `PATTERN:RANK`; the pattern may hold colons itself. */
function loraOf(value: string): { target: RegExp; rank: number } {
  const at = value.lastIndexOf(':');
  if (at < 0) throw usage('--lora', value, 'PATTERN:RANK, as in "attn.*:8"');
  return {
    target: pattern('--lora', value.slice(0, at)),
    rank: whole('--lora', value.slice(at + 1), 1, 65_536),
  };
}

function pattern(option: string, value: string): RegExp {
  try {
    return new RegExp(value);
  } catch {
    throw usage(option, value, 'a regular expression over parameter names');
  }
}

function whole(option: string, value: string, least: number, most: number): number {
  const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(parsed >= least && parsed <= most))
    throw usage(option, value, `a whole number from ${least} to ${most}`);
  return parsed;
}

function positive(option: string, value: string): number {
  const parsed = value === '' ? Number.NaN : Number(value);
  if (!(parsed > 0 && Number.isFinite(parsed))) throw usage(option, value, 'a number above 0');
  return parsed;
}

function usage(option: string, value: string, wanted: string): ChorusError {
  return new ChorusError('E_USAGE', `${option} is "${value}"`, { hint: `give ${wanted}` });
}
