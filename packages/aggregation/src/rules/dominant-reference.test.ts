import { expect, it } from 'vitest';
import { sumReferences } from '../aggregate.ts';
import { gramMatrix } from '../arithmetic/gram.ts';
import { referenceTrust } from './reference-trust.ts';

// docs/explain/security.md, "What rests on whom": references are summed as they are.
it('one validator of fifteen whose reference is longer than the others together decides who is paid', () => {
  const honest = Array.from({ length: 14 }, () => Int16Array.of(100, 0, 1, 0));
  const bribed = Int16Array.of(-2000, 0, 0, 0);
  const updates = [Int16Array.of(50, 1, 0, 0), Int16Array.of(50, 0, 1, 0), Int16Array.of(-50, 0, 0, 1)];
  const paid = (references: Int16Array[]): boolean[] =>
    referenceTrust(gramMatrix([sumReferences(references), ...updates])).shares.map((share) => share > 0);
  expect(paid(honest)).toEqual([true, true, false]);
  expect(paid([...honest, bribed])).toEqual([false, false, true]);
});
