// What riders earn, in a closed loop with real training: `node --conditions=@chorus/source test/economy/riders/main.ts
// [MNIST folder or -] [seeds] [splits] [rides]`. Without data it takes generated digits.
import { loadDataset, parseSplit, syntheticDigits } from '@chorus/training';
import { closedLoop, type LoopOptions, type Ride } from './world.ts';

const RIDES: Ride[] = [
  'honest',
  'replay-reference',
  'mixture',
  'decayed',
  'one reference',
  'replay-aggregate',
  'replay',
  'ace',
  'void',
  'whisper',
];
const [folder = '-', seeds = '0', splits = 'iid,dirichlet:0.5,shards:2', rides = RIDES.join(',')] =
  process.argv.slice(2);
const data =
  folder === '-' ? syntheticDigits({ seed: 1, count: 8000 }) : await loadDataset(folder, { split: 'train' });
const test =
  folder === '-'
    ? syntheticDigits({ seed: 2, count: 1000 })
    : await loadDataset(folder, { split: 'test', limit: 2000 });

const VARIANTS: [string, Pick<LoopOptions, 'rule' | 'withheld'>][] = [
  ['v1', { rule: 'reference-trust' }],
  ['v3', { rule: 'reference-projection' }],
  ['v3, references withheld', { rule: 'reference-projection', withheld: true }],
];
/** Where the references matter to what is withheld. */
const WITHHELD: readonly Ride[] = ['honest', 'replay-reference', 'replay-aggregate', 'replay'];

for (const split of splits.split(',')) {
  for (const seed of seeds.split(',').map(Number)) {
    for (const ride of rides.split(',') as Ride[]) {
      for (const [name, variant] of VARIANTS) {
        if (variant.withheld && !WITHHELD.includes(ride)) continue;
        const start = performance.now();
        const r = await closedLoop({
          ...variant,
          data,
          test,
          split: parseSplit(split),
          ride,
          seed,
          rounds: 6,
          honest: 4,
          samples: 300,
          localEpochs: 2,
        });
        const seconds = ((performance.now() - start) / 1000).toFixed(0);
        const gates = r.gates.map((g) => (g === null ? '-' : g.toFixed(0))).join(' ');
        console.log(
          `${split} seed ${seed} ${ride.padEnd(16)} ${name}: rider ${r.rider.toFixed(3)} honest ${r.honest.toFixed(3)} accuracy ${r.accuracy.toFixed(3)}` +
            `${gates ? ` gates ${gates}` : ''} (${seconds} s)`,
        );
      }
    }
  }
}
