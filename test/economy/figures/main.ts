/**
 * `pnpm economics FOLDER [SPLIT...]`: plays every experiment on the MNIST data in FOLDER, one split and seed after the
 * other, and writes the results into docs/explain/economics.json and docs/explain/economics.md whenever one is complete.
 * Ten minutes of two quiet cores for each; what docs/explain/economics.json holds is not played again, and an interrupted
 * one goes on where it was.
 * Without FOLDER it writes the page from the results that are there.
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDataset } from '@chorus/training';
import { EXPERIMENTS, ROUNDS, SEEDS, SPLITS } from './experiments.ts';
import { blocks, fillPage } from './page.ts';
import { playExperiment, type Result } from './play.ts';

const docs = new URL('../../../docs/explain/', import.meta.url);
const json = new URL('economics.json', docs);
const page = new URL('economics.md', docs);
/** Results of a run that is not complete. */
const partial = join(tmpdir(), 'chorus-economics.jsonl');

const [folder, ...splits] = process.argv.slice(2);
if (folder !== undefined) await playAll(folder, splits.length > 0 ? splits : SPLITS);
writePage();

function readResults(): Result[] {
  return existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Result[]) : [];
}

function writePage(): void {
  const results = readResults();
  writeFileSync(page, fillPage(readFileSync(page, 'utf8'), blocks(results)));
  console.log(`wrote docs/explain/economics.md from ${results.length} results`);
}

async function playAll(data: string, chosen: readonly string[]): Promise<void> {
  const train = await loadDataset(data, { split: 'train' });
  const test = await loadDataset(data, { split: 'test', limit: 2_000 });
  const lines = existsSync(partial) ? readFileSync(partial, 'utf8').split('\n').filter(Boolean) : [];
  const played = [...readResults(), ...lines.map((line) => JSON.parse(line) as Result)];
  const workers = Number(process.env.CHORUS_WORKERS ?? availableParallelism());
  for (const seed of SEEDS) {
    for (const split of chosen) {
      const block = played.filter((r) => r.split === split && r.seed === seed);
      for (const experiment of EXPERIMENTS) {
        if (block.some(({ table, name }) => table === experiment.table && name === experiment.name)) continue;
        const start = performance.now();
        const setting = { split, seed, rounds: ROUNDS, workers };
        const result = await playExperiment(experiment, { train, test }, setting);
        block.push(result);
        appendFileSync(partial, `${JSON.stringify(result)}\n`);
        const seconds = Math.round((performance.now() - start) / 1000);
        console.log(`seed ${seed} ${split} ${experiment.table} ${experiment.name}: ${seconds} s`);
      }
      const others = readResults().filter((r) => r.split !== split || r.seed !== seed);
      writeFileSync(json, `${JSON.stringify([...others, ...block], null, 2)}\n`);
      writePage();
    }
  }
  rmSync(partial, { force: true });
}
