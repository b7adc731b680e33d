import { describe, expect, it } from 'vitest';
import { smallDigits } from './riders/small-digits.ts';
import { closedLoop, type LoopResult, type Ride } from './riders/world.ts';

const data = smallDigits({ seed: 1, count: 1000 });

/** A small task in one process: three honest trainers, one rider, three validators, real training. */
function play(rule: 'reference-trust' | 'reference-projection', ride: Ride): Promise<LoopResult> {
  const size = { rounds: 4, honest: 3, samples: 100, localEpochs: 2, seed: 1 };
  return closedLoop({ ...size, rule, ride, data, split: { kind: 'iid' } });
}

describe('what a rider earns after the first round, of all that trainers are paid', () => {
  // Old references (A07), those of a void round (A06), and a validator that seals its friend's vector (A05).
  it.each<[Ride, number]>([
    ['replay-reference', 0.01],
    ['mixture', 0.05],
    ['void', 0.05],
    ['whisper', 0.01],
  ])('%s: next to nothing by reference-projection, a good living by reference-trust', async (ride, most) => {
    const projection = await play('reference-projection', ride);
    expect(projection.rider).toBeLessThan(most);
    const trust = await play('reference-trust', ride);
    expect(trust.rider).toBeGreaterThan(0.5 * trust.honest);
  });

  it('an honest trainer is paid in every round, though the gate takes its part of late rounds', async () => {
    const { gates, rider, honest } = await play('reference-projection', 'honest');
    for (const gate of gates) expect(gate).toBeGreaterThan(0);
    expect(Math.min(rider, honest)).toBeGreaterThan(0);
  });
});
