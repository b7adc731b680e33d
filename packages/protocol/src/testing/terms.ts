import type { Terms } from '../terms.ts';

/** Valid terms of a small task. */
export const digitsTerms: Terms = {
  version: 1,
  name: 'digits',
  model: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  modelBytes: 1234,
  dimension: 100,
  data: { kind: 'classification', inputShape: [1, 28, 28], classes: 10 },
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
  localEpochs: 1,
  referenceEpochs: 10,
  batchSize: 16,
  learningRate: 0.05,
  scale: 2 ** -14,
  rule: 'reference-trust',
};
