import { parseModel } from '@chorus/autodiff';

/**
 * The length of the windows that a model on texts takes: the second axis of its only input, such as 48 of [N, 48].
 *
 * @param model an ONNX file, as `readModelFile` returns it
 * @returns `undefined` if the model takes other samples, or windows of any length
 */
export function windowOfModel(model: Uint8Array): number | undefined {
  const { inputs, initializers } = parseModel(model).graph;
  const [data, ...more] = inputs.filter(({ name }) => !initializers.has(name));
  const [, window, ...rest] = data?.shape ?? [];
  return more.length === 0 && rest.length === 0 && typeof window === 'number' ? window : undefined;
}
