/**
 * A process that reads a folder of data and says what it found, then waits for a message to end: a user of kept samples.
 * With `tell` it sends a message while it reads, as soon as the file is being written.
 */
import { keptOr } from '../data/kept-samples.ts';
import { loadDataset } from '../data/load.ts';
import type { SpillOptions } from '../data/sample-writer.ts';
import { floatPieces } from '../data/samples.ts';

const [dir, spill, tell] = process.argv.slice(2);
let told = false;
const place = JSON.parse(spill!) as SpillOptions;
const dataset = await keptOr(dir!, { folder: place.folder, name: 'digits', reading: '{}' }, () =>
  loadDataset(dir!, {
    spill: place,
    onProgress(fraction) {
      if (tell === undefined || told || fraction < 0.9) return;
      told = true;
      process.send!('half');
    },
  }),
);
let sum = 0;
for await (const piece of floatPieces(dataset)) for (const value of piece) sum += value;
process.on('message', () => process.exit(0));
if (tell === undefined) process.send!({ count: dataset.count, sum });
