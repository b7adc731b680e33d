import { sha256Hex, type Terms } from '@chorus/protocol';

/**
 * What is refused if a model cannot be run: the model, or, if terms train adapters of it, what these terms make of it.
 * Otherwise a stranger's terms could have a language model refused that others train well.
 */
export function refusalKey({
  model,
  adapter,
  data,
  batchSize,
}: Pick<Terms, 'model' | 'adapter' | 'data' | 'batchSize'>): string {
  if (!adapter) return model;
  const { rank, alpha, targets, seed } = adapter;
  const made = JSON.stringify([rank, alpha, targets, seed, data.kind, data.inputShape, batchSize]);
  return `${model}/${sha256Hex(new TextEncoder().encode(made)).slice(2, 18)}`;
}
