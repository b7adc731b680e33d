import { ChorusError } from '@chorus/protocol';
import { createDataset, type MemoryDataset, sharedFloats } from './dataset.ts';

export interface TokenWindowOptions {
  /** Positions of one sequence. */
  context: number;
  /** Size of the vocabulary: 0 <= token < classes. */
  classes: number;
  name: string;
}

/** Tokens, and what is to be predicted after each. */
export interface LabelledTokens {
  tokens: Int32Array;
  /** The token that follows each; `NO_LABEL` where nothing is to be learnt. */
  labels: Int32Array;
}

/** Tokens of a text, each of which is to be predicted from those before it. */
export function eachNext(tokens: Int32Array): LabelledTokens {
  return { tokens: tokens.subarray(0, Math.max(0, tokens.length - 1)), labels: tokens.subarray(1) };
}

/**
 * Next-token prediction at every position: sequences of `context` tokens one after the other, with the label of each
 * position. Tokens at the end that fill no sequence are left out.
 *
 * @throws ChorusError `E_DATA_FORMAT` if they fill no sequence, `E_DATA_LABEL` if one is not in the vocabulary
 */
export function tokenWindows(
  { tokens, labels }: LabelledTokens,
  { context, classes, name }: TokenWindowOptions,
): MemoryDataset {
  if (!(Number.isInteger(context) && context > 0)) throw new RangeError(`windows of ${context} tokens`);
  const count = Math.floor(tokens.length / context);
  if (count < 1) {
    throw new ChorusError('E_DATA_FORMAT', 'the text is shorter than one sequence of tokens', {
      facts: { name, tokens: tokens.length, needed: context },
      hint: 'add text, or choose a task with shorter sequences',
    });
  }
  const inputs = sharedFloats(count * context);
  // A float32 holds integers up to 2^24, more than any vocabulary.
  inputs.set(tokens.subarray(0, count * context));
  return createDataset({
    kind: 'tokens',
    inputs,
    labels: labels.slice(0, count * context),
    inputShape: [context],
    classes,
    name,
  });
}
