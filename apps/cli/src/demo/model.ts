import { basename } from 'node:path';
import { tinyModel } from '@chorus/language-models';
import type { Terms } from '@chorus/protocol';
import { buildModel, type Dataset, readModelFile } from '@chorus/training';
import { adapterTerm, LANGUAGE_TRAINING, tokensData } from '../task-request/language-model.ts';
import { PRIVATE_TRAINING, TRAINING } from '../task-request/plan.ts';
import { termsData } from '../task-request/terms-data.ts';
import type { DemoOptions } from './options.ts';

/** The model of the demo, and how its task trains it. */
export interface DemoModel {
  bytes: Uint8Array;
  name: string;
  terms: Pick<Terms, 'data' | 'localEpochs' | 'batchSize' | 'learningRate'> &
    Partial<Pick<Terms, 'adapter' | 'optimizer' | 'privacy'>>;
}

/**
 * The model that the options name. A language model is the GGUF file that is given, or a tiny one with random weights.
 * @throws ChorusError if the file is no such model
 */
export async function demoModel(
  options: Pick<DemoOptions, 'model' | 'llm' | 'privacy' | 'seed'>,
  test: Pick<Dataset, 'inputShape' | 'classes' | 'classNames'>,
): Promise<DemoModel> {
  const { llm, model: name, privacy, seed } = options;
  if (llm) {
    const bytes = llm.file === null ? tinyModel({ seed }) : await readModelFile(llm.file);
    return {
      bytes,
      name: llm.file === null ? 'a tiny language model' : basename(llm.file),
      terms: {
        ...LANGUAGE_TRAINING,
        data: tokensData(bytes, undefined),
        adapter: adapterTerm({}, { isLanguage: true, seed })!,
      },
    };
  }
  const { inputShape, classes } = test;
  return {
    bytes: buildModel(name, { inputShape, classes, seed }),
    name,
    terms: {
      ...(privacy ? PRIVATE_TRAINING : TRAINING)[name],
      ...(privacy ? { privacy } : {}),
      data: termsData(test),
    },
  };
}
