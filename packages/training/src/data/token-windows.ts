import { ChorusError } from '@chorus/protocol';
import { createDataset, type MemoryDataset, sharedFloats } from './dataset.ts';

export interface TokenWindowOptions {
  /** Positions of one sequence. */
  context: number;
  /** Size of the vocabulary: 0 <= token < classes. */
  classes: number;
  name: string;
}

/**
 * Next-token prediction at every position: sequences of `context` tokens one after the other, and for each position the
 * token that follows it. Tokens at the end that fill no sequence are left out.
 *
 * @param tokens of a text, in their order
 * @throws ChorusError `E_DATA_FORMAT` if they fill no sequence, `E_DATA_LABEL` if one is not in the vocabulary
 */
export function tokenWindows(
  tokens: Int32Array,
  { context, classes, name }: TokenWindowOptions,
): MemoryDataset {
  if (!(Number.isInteger(context) && context > 0)) throw new RangeError(`windows of ${context} tokens`);
  const count = Math.floor((tokens.length - 1) / context);
  if (count < 1) {
    throw new ChorusError('E_DATA_FORMAT', 'the text is shorter than one sequence of tokens', {
      facts: { name, tokens: tokens.length, needed: context + 1 },
      hint: 'add text, or choose a task with shorter sequences',
    });
  }
  const inputs = sharedFloats(count * context);
  // A float32 holds integers up to 2^24, more than any vocabulary.
  inputs.set(tokens.subarray(0, count * context));
  return createDataset({
    kind: 'tokens',
    inputs,
    labels: tokens.slice(1, count * context + 1),
    inputShape: [context],
    classes,
    name,
  });
}
