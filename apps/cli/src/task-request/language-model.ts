import { open } from 'node:fs/promises';
import { isGguf, openDecoder } from '@chorus/language-models';
import { ChorusError } from '@chorus/protocol';
import type { TaskRequest } from '@chorus/service-training';
import { decimal, integer } from '../options/numbers.ts';
import type { TaskWishes } from './request.ts';

type Terms = TaskRequest['terms'];

/** Matrices of attention that are adapted by default, as in the paper of LoRA. */
const TARGETS = 'q_proj,v_proj';
const RANK = 8;
/** Default tokens of one sequence. */
const CONTEXT = 64;
const MAX_CONTEXT = 4096;

/** How adapters of a language model are trained; chosen by the loss on held-out text after two rounds. */
export const LANGUAGE_TRAINING = {
  localEpochs: 1,
  batchSize: 2,
  learningRate: 1e-3,
  optimizer: { kind: 'adamw', weightDecay: 0 },
  // Adapters move little: updates of a round are within 0.12, in steps of 4e-6.
  scale: 2 ** -18,
} as const satisfies Partial<Terms>;

/** Whether a file begins as a GGUF file does; false if it cannot be read. */
export async function isGgufFile(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => null);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(8), 0, 8, 0);
    return isGguf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/**
 * The samples of a task on a language model: sequences of its tokens.
 * @throws ChorusError `E_USAGE` if the model cannot read as many tokens at once; the errors of opening it
 */
export function tokensData(model: Uint8Array, context: string | undefined): Terms['data'] {
  const { config } = openDecoder(model);
  const most = Math.min(MAX_CONTEXT, config.context);
  const length = context === undefined ? Math.min(CONTEXT, most) : integer('context', context, 2, most);
  return { kind: 'tokens', inputShape: [length], classes: config.vocabulary };
}

/**
 * The adapters to train: those of a language model by default, of other models only if they are asked for.
 * @throws ChorusError `E_USAGE`
 */
export function adapterTerm(
  { lora, rank, alpha }: Pick<TaskWishes, 'lora' | 'rank' | 'alpha'>,
  { isLanguage, seed }: { isLanguage: boolean; seed: number },
): Terms['adapter'] {
  if (lora === undefined && !isLanguage) {
    if (rank === undefined && alpha === undefined) return undefined;
    throw new ChorusError('E_USAGE', '--rank and --alpha belong to adapters', {
      hint: 'add --lora with parts of the names of the weights to adapt',
    });
  }
  const size = rank === undefined ? RANK : integer('rank', rank, 1, 256);
  return {
    kind: 'lora',
    rank: size,
    alpha: alpha === undefined ? 2 * size : decimal('alpha', alpha, 1e-3, 1e4),
    targets: (lora ?? TARGETS)
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
    seed,
  };
}
