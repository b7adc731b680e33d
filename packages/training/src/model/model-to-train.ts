import { adaptWeights, DataType, type Model, parseModel } from '@chorus/autodiff';
import { isGguf, openDecoder, trainingModel } from '@chorus/language-models';
import { ChorusError } from '@chorus/protocol';
import type { AdapterOptions } from '../jobs/messages.ts';

/** A model as it is trained. */
export interface ModelToTrain {
  model: Model;
  /** Names of the trained tensors; undefined: all that can be. */
  trainable: string[] | undefined;
  /** Whether it takes token numbers and predicts a token at each position. */
  predictsTokens: boolean;
}

/**
 * The model of an ONNX file, or the language model of a GGUF file, with adapters if they are to be trained. The same
 * bytes and options give the same model on every machine.
 *
 * @throws ChorusError `E_MODEL_CORRUPT`, `E_MODEL_UNSUPPORTED`; `E_MODEL_LORA` if no weight has the name of a target
 * @throws AutodiffError if an ONNX file is unusable
 */
export function modelToTrain(
  bytes: Uint8Array,
  { adapter, context }: { adapter?: AdapterOptions | undefined; context?: number | undefined },
): ModelToTrain {
  const model = isGguf(bytes) ? languageModel(bytes, { adapter, context }) : parseModel(bytes);
  const predictsTokens = takesTokens(model);
  if (!adapter) return { model, trainable: undefined, predictsTokens };
  const { rank, alpha, seed, targets } = adapter;
  const isTarget = (weight: string) => weight.split('.').some((part) => targets.includes(part));
  const fitting = [...model.graph.initializers.values()].filter(
    ({ name, dims }) => dims.length === 2 && isTarget(name),
  );
  if (fitting.length === 0) {
    throw new ChorusError('E_MODEL_LORA', 'the model has no weight with the name of a target', {
      facts: { targets: targets.join(', ').slice(0, 200) },
      hint: 'name parts of the names of its matrices, such as q_proj and v_proj',
    });
  }
  const thin = fitting.find(({ dims }) => rank > Math.min(...dims));
  if (thin) {
    throw new ChorusError('E_MODEL_LORA', 'the rank of the adapter is larger than a weight', {
      facts: { rank, weight: thin.name.slice(0, 100), shape: thin.dims.join('x') },
      hint: 'choose a smaller rank',
    });
  }
  return { ...adaptWeights(model, { rank, alpha, seed, target: isTarget }), predictsTokens };
}

function languageModel(
  bytes: Uint8Array,
  { adapter, context }: { adapter: AdapterOptions | undefined; context: number | undefined },
): Model {
  if (adapter && context) return trainingModel(openDecoder(bytes), { context });
  throw new ChorusError(
    'E_MODEL_UNSUPPORTED',
    'a language model of a GGUF file is trained only by adapters',
    {
      facts: { adapter: adapter ? 'yes' : 'no', context },
      hint: 'state a rank and targets for adapters, and the number of tokens of a sequence',
    },
  );
}

/** Whether a model takes [N, positions] token numbers, and gives logits [N, positions, classes]. */
function takesTokens({ graph }: Model): boolean {
  const data = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [input] = data;
  const isInteger = input?.dtype === DataType.int64 || input?.dtype === DataType.int32;
  return data.length === 1 && isInteger && input.shape?.length === 2 && graph.outputs[0]?.shape?.length === 3;
}
