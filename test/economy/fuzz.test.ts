import { afterAll, beforeAll, expect, it } from 'vitest';
import { fuzz, openArena } from './fuzz/fuzz.ts';
import type { Arena } from './fuzz/operations.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await openArena();
});
afterAll(() => arena?.close());

it('no sequence of calls loses, creates, mixes or locks money, slashes without evidence or turns a phase back', async () => {
  const result = await fuzz(arena, { seed: 5, runs: 6, calls: 800 });
  // Sequences in which nothing succeeds would hold whatever the contracts did.
  expect(result.transactions).toBeGreaterThan(1000);
  for (const event of [
    'RoundSettled',
    'RoundVoided',
    'MemberSlashed 0',
    'CaseOpened',
    'Claimed',
    'Withdrawn',
  ]) {
    expect(result.events[event], event).toBeGreaterThan(0);
  }
});
