import { stat } from 'node:fs/promises';
import { parseUnits } from '@chorus/chain';
import type { TaskRequest } from '@chorus/node';
import { type Address, ChorusError } from '@chorus/protocol';
import { buildModel, type Dataset, MODEL_NAMES, type ModelName, readModelFile } from '@chorus/training';
import type { DemoOptions } from '../demo/options.ts';
import { demoTask, dimensionOf } from '../demo/task.ts';

/** What a requester says of a task on the command line; what is left out is as in the demo. */
export interface TaskWishes {
  /** mlp, cnn, 2nn, or an ONNX file. */
  model: string;
  name?: string;
  rounds: string;
  trainers: string;
  minTrainers: string;
  budget?: string;
  stake?: string;
  joinSeconds: string;
  commitSeconds: string;
  localEpochs?: string;
  batchSize?: string;
  learningRate?: string;
  seed: string;
}

export interface TaskPlace {
  token: Address;
  validators: Address[];
  /** Says what samples look like. */
  data: Dataset;
}

/**
 * The task those wishes come to.
 * @throws ChorusError `E_USAGE` naming the option; `E_MODEL_*` where the model cannot be trained
 */
export async function taskRequest(wishes: TaskWishes, place: TaskPlace): Promise<TaskRequest> {
  const { data, token, validators } = place;
  const named = MODEL_NAMES.find((name) => name === wishes.model);
  const model = named
    ? buildModel(named, {
        inputShape: data.inputShape,
        classes: data.classes,
        seed: integer('seed', wishes.seed, 0, 2 ** 31),
      })
    : await modelFile(wishes.model);
  const rounds = integer('rounds', wishes.rounds, 1, 4096);
  const trainers = integer('trainers', wishes.trainers, 1, 16);
  const base = demoTask({
    options: {
      model: named ?? ('mlp' satisfies ModelName),
      rounds,
      commitSeconds: integer('commit-seconds', wishes.commitSeconds, 2, 86_400),
    } as DemoOptions,
    model,
    dimension: await dimensionOf(model),
    data,
    token,
    trainers,
    validators,
  });
  const { localEpochs, batchSize, learningRate, budget, stake } = wishes;
  return {
    model,
    terms: {
      ...base.terms,
      name: wishes.name ?? `${wishes.model.split(/[\\/]/).at(-1)} on ${data.name}`.slice(0, 120),
      ...(localEpochs ? { localEpochs: integer('local-epochs', localEpochs, 1, 1000) } : {}),
      ...(batchSize ? { batchSize: integer('batch-size', batchSize, 1, 65_536) } : {}),
      ...(learningRate ? { learningRate: positive('learning-rate', learningRate) } : {}),
    },
    params: {
      ...base.params,
      minTrainers: integer('min-trainers', wishes.minTrainers, 1, trainers),
      joinSeconds: integer('join-seconds', wishes.joinSeconds, 5, 30 * 86_400),
      ...(budget ? { budget: tokens('budget', budget) } : {}),
      ...(stake ? { stake: tokens('stake', stake) } : {}),
    },
  };
}

async function modelFile(path: string): Promise<Uint8Array> {
  if (!(await stat(path).catch(() => null))?.isFile()) {
    throw new ChorusError('E_USAGE', `--model takes ${MODEL_NAMES.join(', ')} or an ONNX file`, {
      facts: { given: path.slice(0, 200) },
    });
  }
  return readModelFile(path);
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new ChorusError('E_USAGE', `--${name} takes an integer from ${least} to ${most}`, {
    facts: { given: text.slice(0, 40) },
  });
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1e6) return value;
  throw new ChorusError('E_USAGE', `--${name} takes a positive number`, {
    facts: { given: text.slice(0, 40) },
  });
}

/** Tokens of 18 decimals. */
function tokens(name: string, text: string): bigint {
  try {
    const value = parseUnits(text, 18);
    if (value >= 0n) return value;
  } catch {
    // Refused below.
  }
  throw new ChorusError('E_USAGE', `--${name} takes an amount of tokens`, {
    facts: { given: text.slice(0, 40) },
  });
}
