import { readFile, stat } from 'node:fs/promises';
import { parseUnits } from '@chorus/chain';
import { isGguf } from '@chorus/language-models';
import {
  type Address,
  ChorusError,
  MAX_ALLOWED,
  MAX_ROUNDS,
  MAX_TRAINERS,
  RULE_NAMES,
  type RuleName,
} from '@chorus/protocol';
import type { TaskRequest } from '@chorus/service-training';
import { buildModel, type Dataset, MODEL_NAMES, readModelFile } from '@chorus/training';
import { decimal, integer } from '../options/numbers.ts';
import { adapterTerm, LANGUAGE_TRAINING, tokensData } from './language-model.ts';
import { PRIVATE_TRAINING, phasesAt, plannedTask, TRAINING } from './plan.ts';
import { privacyTerm } from './privacy.ts';
import { termsData } from './terms-data.ts';

/** A requester's options on the command line; `plan.ts` has the defaults. */
export interface TaskWishes {
  /** mlp, cnn, 2nn, an ONNX file, or a language model in a GGUF file. */
  model: string;
  /** Parts of the names of the weights that get adapters. */
  lora?: string;
  rank?: string;
  alpha?: string;
  /** Tokens of one sequence of a language model. */
  context?: string;
  optimizer?: string;
  name?: string;
  rounds: string;
  trainers: string;
  minTrainers?: string;
  minAggregators?: string;
  minValidators?: string;
  budget: string;
  stake: string;
  aggregatorFee?: string;
  validatorFee?: string;
  joinSeconds?: string;
  commitSeconds?: string;
  referenceSeconds?: string;
  settleSeconds?: string;
  /** Accounts, or a file of them. */
  allow?: string;
  minReputation?: string;
  vestingRounds?: string;
  stagnation?: string;
  minShare?: string;
  slashReporter?: string;
  slashBurn?: string;
  localEpochs?: string;
  referenceEpochs?: string;
  rule?: string;
  payloads?: string;
  batchSize?: string;
  learningRate?: string;
  momentum?: string;
  weightDecay?: string;
  scale?: string;
  licence?: string;
  tags?: string;
  /** CLIP:NOISE, or true for the default. */
  privacy?: string | true;
  seed: string;
}

export interface TaskPlace {
  token: Address;
  /** Decimals of that token. */
  decimals: number;
  validators: Address[];
  /** Shape and classes of the samples; null for a language model, whose texts need none. */
  data: Pick<Dataset, 'name' | 'inputShape' | 'classes' | 'classNames'> | null;
  /** How many times longer phases may last if all members run on this machine (see `machineFactor`); else 1. */
  pace: number;
}

/** Longest file of accounts, bytes: some hundred lines. */
const MAX_LIST_BYTES = 64 * 1024;
const MONTH = 30 * 86_400;
/** The command's own default: its user waits for the result. */
const JOIN_SECONDS = 30;

/**
 * The task that these options describe. The node checks whether it can be published.
 * @throws ChorusError `E_USAGE` naming the option; `E_MODEL_UNREADABLE`, `E_MODEL_CORRUPT`, `E_MODEL_SHAPE`
 */
export async function taskRequest(wishes: TaskWishes, place: TaskPlace): Promise<TaskRequest> {
  const { data, token, validators } = place;
  const named = MODEL_NAMES.find((name) => name === wishes.model);
  const seed = integer('seed', wishes.seed, 0, 2 ** 31 - 1);
  const model = named ? buildModel(named, { ...shapeOf(data), seed }) : await modelFile(wishes.model);
  const isLanguage = isGguf(model);
  const adapter = adapterTerm(wishes, { isLanguage, seed });
  const maxTrainers = integer('trainers', wishes.trainers, 1, MAX_TRAINERS);
  const { licence, tags, allow, privacy, scale } = wishes;
  const number = <K extends keyof TaskWishes>(name: K, least: number, most: number) =>
    ifGiven(wishes, name, integer, least, most);
  return plannedTask({
    model,
    sealed: sealed(wishes.payloads),
    terms: {
      ...(isLanguage
        ? LANGUAGE_TRAINING
        : (privacy === undefined ? TRAINING : PRIVATE_TRAINING)[named ?? 'mlp']),
      name: wishes.name ?? `${wishes.model.split(/[\\/]/).at(-1)} on ${data?.name ?? 'texts'}`.slice(0, 120),
      data: isLanguage ? tokensData(model, wishes.context) : termsData(shapeOf(data)),
      ...(adapter ? { adapter } : {}),
      ...number('localEpochs', 1, 1000),
      ...number('referenceEpochs', 1, 1000),
      ...(wishes.rule === undefined ? {} : { rule: ruleNamed(wishes.rule) }),
      ...number('batchSize', 1, 65_536),
      ...ifGiven(wishes, 'learningRate', decimal, 1e-9, 1e6),
      // Terms hold a float32.
      ...(scale === undefined ? {} : { scale: Math.fround(decimal('scale', scale, 1e-12, 1e6)) }),
      ...optimizerTerm(wishes),
      ...(privacy === undefined ? {} : { privacy: privacyTerm(privacy) }),
      ...(licence === undefined ? {} : { licence }),
      ...(tags === undefined ? {} : { tags: words(tags) }),
      ...(allow === undefined ? {} : { allow: await allowList(allow) }),
    },
    params: {
      token,
      validators,
      maxTrainers,
      rounds: integer('rounds', wishes.rounds, 1, MAX_ROUNDS),
      budget: units('budget', wishes.budget, place.decimals),
      stake: units('stake', wishes.stake, place.decimals),
      ...number('minTrainers', 1, maxTrainers),
      ...number('minAggregators', 1, 16),
      ...number('minValidators', 1, validators.length),
      ...phasesAt(place.pace, { joinSeconds: JOIN_SECONDS }),
      ...number('joinSeconds', 5, MONTH),
      ...number('commitSeconds', 5, MONTH),
      ...number('referenceSeconds', 5, MONTH),
      ...number('settleSeconds', 5, MONTH),
      ...number('minReputation', 0, 2 ** 40 - 1),
      ...number('vestingRounds', 0, 16),
      ...percentage(wishes, 'aggregatorFee', 'aggregatorFeeBps', 50),
      ...percentage(wishes, 'validatorFee', 'validatorFeeBps', 50),
      ...percentage(wishes, 'stagnation', 'stagnationBps', 100),
      ...percentage(wishes, 'minShare', 'minShareBps', 50),
      ...percentage(wishes, 'slashReporter', 'slashReporterBps', 10),
      ...percentage(wishes, 'slashBurn', 'slashBurnBps', 100, 50),
    },
  });
}

/** @throws ChorusError `E_USAGE` if the kind of samples is not known */
function shapeOf(data: TaskPlace['data']): NonNullable<TaskPlace['data']> {
  if (data) return data;
  throw new ChorusError('E_USAGE', 'this model needs to know the shape of the samples', {
    hint: 'give --data NAME or --data PATH, or --input-shape 1x28x28 and --classes 10',
  });
}

/** The optimiser, if the options name one or a property of it. @throws ChorusError `E_USAGE` */
function optimizerTerm({ optimizer, momentum, weightDecay }: TaskWishes): Partial<TaskRequest['terms']> {
  if (optimizer === undefined && momentum === undefined && weightDecay === undefined) return {};
  const decay = decimal('weight-decay', weightDecay ?? '0', 0, 1);
  if (optimizer === 'adamw' && momentum === undefined)
    return { optimizer: { kind: 'adamw', weightDecay: decay } };
  if (optimizer === undefined || optimizer === 'sgd') {
    const kept = decimal('momentum', momentum ?? '0', 0, 0.999);
    return { optimizer: { kind: 'sgd', momentum: kept, weightDecay: decay } };
  }
  throw new ChorusError(
    'E_USAGE',
    optimizer === 'adamw' ? '--momentum belongs to sgd' : '--optimizer must be sgd or adamw',
    { facts: { given: optimizer.slice(0, 60) } },
  );
}

/** Whether payloads are encrypted. @throws ChorusError `E_USAGE` */
function sealed(payloads = 'sealed'): boolean {
  if (payloads === 'sealed' || payloads === 'public') return payloads === 'sealed';
  throw new ChorusError('E_USAGE', '--payloads must be sealed or public', {
    facts: { given: payloads.slice(0, 60) },
  });
}

/** A rule by its name. @throws ChorusError `E_USAGE` */
export function ruleNamed(text: string): RuleName {
  const rule = RULE_NAMES.find((name) => name === text);
  if (rule) return rule;
  throw new ChorusError('E_USAGE', `--rule must be one of ${RULE_NAMES.join(', ')}`, {
    facts: { given: text.slice(0, 60) },
  });
}

/** Accounts separated by commas. @throws ChorusError `E_USAGE` */
export function addresses(text: string): Address[] {
  return words(text).map((each) => {
    if (/^0x[0-9a-fA-F]{40}$/.test(each)) return each.toLowerCase() as Address;
    throw new ChorusError('E_USAGE', 'this is not an address', { facts: { given: each.slice(0, 60) } });
  });
}

/** The shape of a sample, as in 1x28x28. @throws ChorusError `E_USAGE` */
export function shape(text: string): number[] {
  const sizes = text.split('x').map(Number);
  if (sizes.length <= 5 && sizes.every((size) => Number.isSafeInteger(size) && size > 0 && size <= 65_536))
    return sizes;
  throw new ChorusError('E_USAGE', '--input-shape takes up to five sizes, such as 1x28x28', {
    facts: { given: text.slice(0, 60) },
  });
}

async function modelFile(path: string): Promise<Uint8Array> {
  if (!(await stat(path).catch(() => null))?.isFile()) {
    throw new ChorusError('E_USAGE', `--model takes ${MODEL_NAMES.join(', ')}, an ONNX file or a GGUF file`, {
      facts: { given: path.slice(0, 200) },
    });
  }
  return readModelFile(path);
}

/** Accounts from a file, one or more per line; in the order that the terms require. */
async function allowList(given: string): Promise<Address[]> {
  const info = await stat(given).catch(() => null);
  if (info && info.size > MAX_LIST_BYTES) {
    throw new ChorusError('E_USAGE', '--allow takes accounts, or a file of them', {
      facts: { bytes: info.size },
    });
  }
  const list = [...new Set(addresses(info?.isFile() ? await readFile(given, 'utf8') : given))].sort();
  if (list.length > 0 && list.length <= MAX_ALLOWED) return list;
  throw new ChorusError('E_USAGE', `--allow takes 1 to ${MAX_ALLOWED} accounts`, {
    facts: { given: list.length },
  });
}

type Parse<T> = (name: string, text: string, least: number, most: number) => T;

/** An option as a property of its name; empty if it was not given. */
function ifGiven<K extends keyof TaskWishes, T>(
  wishes: TaskWishes,
  name: K,
  parse: Parse<T>,
  least: number,
  most: number,
): { [P in K]?: T } {
  const text = wishes[name] as string | undefined;
  return text === undefined ? {} : ({ [name]: parse(name, text, least, most) } as { [P in K]?: T });
}

/** Percent on the command line, hundredths of a percent on chain. */
function percentage<K extends string>(
  wishes: TaskWishes,
  name: keyof TaskWishes,
  property: K,
  most: number,
  least = 0,
): { [P in K]?: number } {
  const text = wishes[name] as string | undefined;
  if (text === undefined) return {};
  const bps = Math.round(100 * decimal(name, text, least, most));
  return { [property]: bps } as { [P in K]?: number };
}

/** A written amount of tokens, in their smallest unit. */
function units(name: string, text: string, decimals: number): bigint {
  try {
    const value = parseUnits(text, decimals);
    if (value >= 0n) return value;
  } catch {
    // Refused below.
  }
  throw new ChorusError('E_USAGE', `--${name} takes an amount of tokens, with up to ${decimals} decimals`, {
    facts: { given: text.slice(0, 40) },
  });
}

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);
