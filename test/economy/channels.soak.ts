import { expect, it } from 'vitest';
import { fuzzChannels } from './channels/fuzz.ts';
import { openChannelsWorld } from './channels/world.ts';

const seed = Number(process.env.CHORUS_FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.CHORUS_FUZZ_RUNS ?? 20);

it(`no long sequence of calls on payment channels breaks their rules (CHORUS_FUZZ_SEED=${seed})`, async () => {
  const world = await openChannelsWorld();
  try {
    await world.evm.save();
    const outcomes: Record<string, number> = {};
    for (let run = 0; run < runs; run++) {
      const result = await fuzzChannels(world, { seed: seed + run, calls: 2000 });
      for (const [outcome, count] of Object.entries(result.outcomes)) {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
      }
      await world.evm.restore();
    }
    console.log(outcomes);
    for (const name of ['claim', 'multicall', 'finalizeWithdraw', 'claimWithSignature InvalidSignature']) {
      expect(outcomes[name], name).toBeGreaterThan(0);
    }
  } finally {
    await world.evm.close();
  }
});
