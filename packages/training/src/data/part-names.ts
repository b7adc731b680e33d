export type Part = 'train' | 'test';

/** Names of the parts of data for training and testing; the first one found counts. */
export const PART_NAMES: Record<Part, readonly string[]> = {
  train: ['train', 'training'],
  test: ['test', 'testing', 'val', 'valid', 'validation', 'dev', 'eval'],
};

/** The part that a name, in any case of letters, stands for. */
export function partNamed(name: string): Part | undefined {
  const lower = name.toLowerCase();
  return (['train', 'test'] as const).find((part) => PART_NAMES[part].includes(lower));
}
