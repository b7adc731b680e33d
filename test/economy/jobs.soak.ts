import { chorusToken } from '@chorus/contracts';
import { expect, it } from 'vitest';
import { fuzzJobs } from './jobs/fuzz.ts';
import { openJobsWorld, SUPPLY } from './jobs/world.ts';

const seed = Number(process.env.CHORUS_FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.CHORUS_FUZZ_RUNS ?? 20);

it(`no long sequence of calls on jobs and their evaluator breaks their rules (CHORUS_FUZZ_SEED=${seed})`, async () => {
  const world = await openJobsWorld();
  try {
    const second = await world.evm.deploy(chorusToken, world.accounts[0]!.address, SUPPLY);
    await world.evm.save();
    const outcomes: Record<string, number> = {};
    for (let run = 0; run < runs; run++) {
      const result = await fuzzJobs(world, second, { seed: seed + run, calls: 2000 });
      for (const [outcome, count] of Object.entries(result.outcomes)) {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
      }
      await world.evm.restore();
    }
    console.log(outcomes);
    for (const name of ['decided stands', 'decided upheld', 'decided undecided', 'reveal WrongVote']) {
      expect(outcomes[name], name).toBeGreaterThan(0);
    }
  } finally {
    await world.evm.close();
  }
});
