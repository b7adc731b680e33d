import { mergeLora, withParameters } from '@chorus/autodiff';
import { isGguf } from '@chorus/language-models/gguf';
import type { GraphOptions } from '../jobs/messages.ts';

/** A trained model as a file for other runtimes. */
export interface TrainedFile {
  bytes: Uint8Array;
  /** `gguf`: the adapter of a language model, which llama.cpp applies to the base model. */
  format: 'onnx' | 'gguf';
}

/**
 * Trained values in the model that they were trained in: an ONNX file like it, with adapters folded into their weights;
 * for a language model of a GGUF file the adapter alone. The same values give the same bytes on every machine.
 *
 * @param base bytes of the model that the training began with
 * @param options how it was opened for training
 * @param values trained values by the names of the parameters
 * @throws ChorusError as {@link modelToTrain}
 */
export async function trainedModel(
  base: Uint8Array,
  options: Pick<GraphOptions, 'adapter' | 'context'>,
  values: ReadonlyMap<string, Float32Array>,
): Promise<TrainedFile> {
  const { adapter } = options;
  if (!adapter) return { bytes: withParameters(base, values), format: 'onnx' };
  // Loaded when it is needed: a node that serves and trains other models holds no tokenizer in memory.
  const { modelToTrain } = await import('./model-to-train.ts');
  if (!isGguf(base)) return { bytes: mergeLora(modelToTrain(base, options).model, values), format: 'onnx' };
  const { openDecoder, writeAdapter } = await import('@chorus/language-models');
  const weights = new Map<string, { a: Float32Array; b: Float32Array }>();
  for (const [name, a] of values) {
    const weight = name.replace(/\.lora_A$/, '');
    if (weight !== name) weights.set(weight, { a, b: values.get(`${weight}.lora_B`)! });
  }
  return { bytes: writeAdapter(openDecoder(base), { alpha: adapter.alpha, weights }), format: 'gguf' };
}
