import { describe } from 'vitest';
import type { CircuitRule } from './gram.ts';
import { CIRCUITS, itIsUnique, USUAL_ROUND } from './testing/uniqueness.ts';

describe.each(Object.keys(CIRCUITS) as CircuitRule[])(
  'the circuit of %s for n = 16, at its edges',
  (rule) => {
    itIsUnique(
      rule,
      Object.keys(CIRCUITS[rule]).filter((round) => round !== USUAL_ROUND),
    );
  },
);
