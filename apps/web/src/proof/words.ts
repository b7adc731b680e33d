/** The checks of a round in order, in plain words, for readers who do not know how the proof works. */
export const CHECK_WORDS: readonly { check: string; name: string; says: string }[] = [
  {
    check: 'transaction',
    name: 'Transaction',
    says: 'All that the aggregator sent, weights, shares and proof, is inside the transaction whose hash is named below.',
  },
  {
    check: 'keys',
    name: 'Keys',
    says: 'The contract that accepted the round checks with the same keys as this page.',
  },
  {
    check: 'record',
    name: 'Record',
    says: 'What the aggregator sent is what the contract recorded: weights, shares, who was left out. Each trainer has one of each.',
  },
  {
    check: 'reference string',
    name: 'Reference string',
    says: 'The public numbers that commitments are made with are well formed.',
  },
  {
    check: 'statement',
    name: 'Statement',
    says: 'Commitments are points of the curve; weights and shares are in range and make at most a whole.',
  },
  { check: 'field elements', name: 'Numbers', says: 'Every number of the proof is in range.' },
  { check: 'points', name: 'Points', says: 'Every point of the proof lies on its curve.' },
  {
    check: 'challenge',
    name: 'Challenge',
    says: 'The point at which the updates are opened is a usable one.',
  },
  {
    check: 'inner product',
    name: 'Inner products',
    says: 'The products of all updates with each other, which decide the pay, belong to the updates that were committed.',
  },
  {
    check: 'opening',
    name: 'Opening',
    says: 'The commitments open to the values sent, and the new model is moved by exactly the weighted sum of the updates.',
  },
  {
    check: 'rule',
    name: 'Rule',
    says: "Weights and shares follow from those products by the task's rule: a zero-knowledge proof, checked by pairings.",
  },
  {
    check: 'matrix',
    name: 'Products used',
    says: 'The products from which the steps above follow are those that were proven: their hash is the same.',
  },
  {
    check: 'recomputed',
    name: 'Recomputed',
    says: 'The rule, run again here on these products, gives the weights and shares that the contract recorded, but for two units in the last place that it leaves open.',
  },
  {
    check: 'rewards',
    name: 'Rewards',
    says: "Each reward is exactly its share of the round's pool, to the smallest unit.",
  },
];
