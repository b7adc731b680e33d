import { type Outcome, type RoundRecord, simulate, summarise } from '@chorus/simulation';
import { buildModel } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { smallDigits } from '../fixtures/small-digits.ts';
import { behaviourOf, type Ride } from './riders/rides.ts';

const train = smallDigits({ seed: 1, count: 700 });
const test = smallDigits({ seed: 2, count: 100 });

/** A small task: three honest trainers, one rider, three validators, real training. In the first round no trainer can ride. */
async function play(
  scoring: 'reference-trust' | 'reference-projection',
  ride: Ride,
): Promise<{ outcome: Outcome; records: RoundRecord[] }> {
  const records: RoundRecord[] = [];
  const { inputShape, classes } = train;
  for await (const record of simulate({
    model: buildModel('mlp', { inputShape, classes, seed: 1 }),
    train,
    test,
    parties: [
      { name: 'honest', clients: 3 },
      { name: 'rider', clients: 1, behaviour: behaviourOf(ride) },
    ],
    split: { kind: 'iid' },
    scoring,
    recipe: { localEpochs: 2, referenceEpochs: 5, batchSize: 10, learningRate: 0.1 },
    rounds: 4,
    seed: 1,
    validators: 3,
    committee: 16,
    scale: 2 ** -14,
    workers: 1,
    // The rider waits for void rounds: of the others it knows nothing that it could use.
    isVoid: (round) => ride === 'void' && round % 2 === 1,
  })) {
    records.push(record);
  }
  return { outcome: summarise(records.slice(1)), records };
}

const riderOf = ({ outcome }: { outcome: Outcome }) =>
  outcome.parties.find(({ party }) => party === 'rider')!;

describe('what a rider earns after the first round, of all that trainers are paid', () => {
  // Old references (A07), those of a void round (A06), and a validator that seals its friend's vector (A05).
  it.each<[Ride, number]>([
    ['replay-reference', 0.01],
    ['void', 0.05],
    ['whisper', 0.01],
  ])('%s: next to nothing by reference-projection, a good living by reference-trust', async (ride, most) => {
    expect(riderOf(await play('reference-projection', ride)).share).toBeLessThan(most);
    expect(riderOf(await play('reference-trust', ride)).relative).toBeGreaterThan(0.5);
  });

  it('an honest trainer is paid in every round, though the gate takes its part of rounds that end late', async () => {
    const { records } = await play('reference-projection', 'honest');
    for (const { clients } of records) {
      for (const { share, gate } of clients) {
        expect(gate).toBeGreaterThan(0);
        expect(share).toBeGreaterThan(0);
      }
    }
  });
});
