import type { Terms } from '@chorus/protocol';
import { describe, expect, test } from 'vitest';
import { taskNeeds } from './task-needs.ts';

const task = { dimension: 460_800, maxTrainers: 2, validators: [] };

/** SmolLM2-135M as Q4_1, with the batch and window of the bench in packages/training/README.md. */
const smollm = {
  modelBytes: 98e6,
  batchSize: 2,
  data: { kind: 'tokens', inputShape: [64], classes: 49_152 },
  adapter: { kind: 'lora', targets: ['q_proj', 'v_proj'], rank: 8 },
} as unknown as Terms;

const memory = (terms: Terms, roles: Parameters<typeof taskNeeds>[2] = ['trainer']) =>
  taskNeeds(task, terms, roles).memoryBytes;

describe('what a task needs of a machine', () => {
  test('a language model needs about what its training was measured to take: 2.6 to 2.8 GB', () => {
    expect(memory(smollm)).toBeGreaterThan(2.5e9);
    expect(memory(smollm)).toBeLessThan(4e9);
  });

  test('longer windows, larger batches and larger vocabularies of a language model need more', () => {
    const window = { ...smollm, data: { ...smollm.data, inputShape: [128] } };
    const batch = { ...smollm, batchSize: 4 };
    expect(memory(window)).toBe(memory(batch));
    // At least one float32 of logits and one of their gradient for each further position and token.
    expect(memory(window) - memory(smollm)).toBeGreaterThanOrEqual(2 * 64 * 49_152 * 4 * 2);
    const vocabulary = { ...smollm, data: { ...smollm.data, classes: 2 * 49_152 } } as Terms;
    expect(memory(vocabulary)).toBeGreaterThan(memory(smollm));
  });

  test('classes of other data need nothing more, and a model without adapters is held less often', () => {
    const images = { ...smollm, data: { ...smollm.data, kind: 'classification' } } as unknown as Terms;
    const moreClasses = { ...images, data: { ...images.data, classes: 1_000_000 } } as Terms;
    expect(memory(moreClasses)).toBe(memory(images));
    expect(memory({ ...images, adapter: undefined } as unknown as Terms)).toBeLessThan(memory(images));
  });

  test('an aggregator does not open the model', () => {
    expect(memory({ ...smollm, modelBytes: 98e9 } as Terms, ['aggregator'])).toBe(
      memory(smollm, ['aggregator']),
    );
  });
});
