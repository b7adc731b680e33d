/**
 * A process that reads a folder of data and says what it found, then waits to be told to end: a user of kept samples.
 * With `tell` it sends a message while it reads, as soon as the file is being written.
 */
import { loadDataset } from '../data/load.ts';
import { floatPieces } from '../data/samples.ts';

const [dir, spill, tell] = process.argv.slice(2);
let told = false;
const dataset = await loadDataset(dir!, {
  spill: JSON.parse(spill!),
  onProgress(fraction) {
    if (tell === undefined || told || fraction < 0.5) return;
    told = true;
    process.send!('half');
  },
});
let sum = 0;
for await (const piece of floatPieces(dataset)) for (const value of piece) sum += value;
process.on('message', () => process.exit(0));
if (tell === undefined) process.send!({ count: dataset.count, sum });
