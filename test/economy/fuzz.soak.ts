import { describe, expect, it } from 'vitest';
import { expectFound, FAULTS } from './fuzz/faults.ts';
import { fuzz, openArena } from './fuzz/fuzz.ts';
import { OPERATIONS } from './fuzz/operations.ts';

const seed = Number(process.env.CHORUS_FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.CHORUS_FUZZ_RUNS ?? 40);

it(`no long sequence of calls breaks the money's invariants (CHORUS_FUZZ_SEED=${seed})`, async () => {
  const arena = await openArena();
  try {
    const result = await fuzz(arena, { seed, runs, calls: 800 });
    console.log(JSON.stringify(result).replaceAll('},', '},\n'));
    expect(result.transactions).toBeGreaterThan(200 * runs);
    for (const kind of Object.keys(OPERATIONS)) expect(result.outcomes[kind]?.done, kind).toBeGreaterThan(0);
    for (let kind = 0; kind <= 5; kind++) {
      expect(result.events[`MemberSlashed ${kind}`], `offence ${kind}`).toBeGreaterThan(0);
    }
  } finally {
    await arena.close();
  }
});

describe('planted faults are found', () => {
  it.each(FAULTS)('$fault', expectFound);
});
