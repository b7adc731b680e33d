/**
 * `pnpm economics FOLDER`: plays every experiment on the MNIST data in FOLDER, and writes the results into
 * docs/economics.json and docs/economics.md. Without FOLDER it writes the page from the results that are there. An hour
 * of one core; interrupted, it goes on where it was.
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDataset } from '@chorus/training';
import { EXPERIMENTS, ROUNDS, SEEDS, SPLITS } from './experiments.ts';
import { blocks, fillPage } from './page.ts';
import { playExperiment, type Result } from './play.ts';

const docs = new URL('../../../docs/', import.meta.url);
const json = new URL('economics.json', docs);
const page = new URL('economics.md', docs);
/** Results of a run that is not complete. */
const partial = join(tmpdir(), 'chorus-economics.jsonl');

const [folder] = process.argv.slice(2);
if (folder !== undefined) writeFileSync(json, `${JSON.stringify(await playAll(folder), null, 1)}\n`);
const results = JSON.parse(readFileSync(json, 'utf8')) as Result[];
writeFileSync(page, fillPage(readFileSync(page, 'utf8'), blocks(results)));
console.log(`wrote docs/economics.md from ${results.length} results`);

async function playAll(data: string): Promise<Result[]> {
  const train = await loadDataset(data, { split: 'train' });
  const test = await loadDataset(data, { split: 'test', limit: 2_000 });
  const lines = existsSync(partial) ? readFileSync(partial, 'utf8').split('\n').filter(Boolean) : [];
  const results = lines.map((line) => JSON.parse(line) as Result);
  const workers = Number(process.env.CHORUS_WORKERS ?? availableParallelism());
  // Every table of the first seed before the second one's.
  for (const seed of SEEDS) {
    for (const split of SPLITS) {
      for (const experiment of EXPERIMENTS) {
        const { table, name } = experiment;
        const known = (r: Result) =>
          r.table === table && r.name === name && r.split === split && r.seed === seed;
        if (results.some(known)) continue;
        const start = performance.now();
        const result = await playExperiment(
          experiment,
          { train, test },
          { split, seed, rounds: ROUNDS, workers },
        );
        results.push(result);
        appendFileSync(partial, `${JSON.stringify(result)}\n`);
        const seconds = Math.round((performance.now() - start) / 1000);
        console.log(`seed ${seed} ${split} ${table} ${name}: accuracy ${result.accuracy} (${seconds} s)`);
      }
    }
  }
  rmSync(partial);
  return results;
}
