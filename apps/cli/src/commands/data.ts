import { join } from 'node:path';
import { fetchDataset } from '@chorus/training';
import { Argument, Command } from 'commander';
import envPaths from 'env-paths';
import ora from 'ora';
import { Interrupted } from '../exit.ts';

/** `chorus data`: data sets on this machine. */
export function dataCommand(): Command {
  const fetch = new Command('fetch')
    .description('download a public data set into the cache; resumes, and checks sha256')
    .addArgument(new Argument('<name>', 'which data set').choices(['mnist', 'fashion-mnist']))
    .option('--cache <dir>', 'folder to keep it in')
    .option('--base-url <url>', 'download from a mirror')
    .addHelpText('after', '\nExample:\n  $ chorus demo --data "$(chorus data fetch mnist)"')
    .action(async (name: 'mnist' | 'fashion-mnist', options: { cache?: string; baseUrl?: string }) => {
      const abort = new AbortController();
      process.once('SIGINT', () => abort.abort(new Interrupted()));
      const spinner = ora(`fetching ${name}`).start();
      try {
        const folder = await fetchDataset(name, {
          cacheDir: options.cache ?? join(envPaths('chorus', { suffix: '' }).cache, 'data'),
          ...(options.baseUrl ? { baseUrl: options.baseUrl } : {}),
          signal: abort.signal,
          onProgress: (bytes, total) => {
            spinner.text = `fetching ${name}: ${Math.floor((100 * bytes) / total)} %`;
          },
        });
        spinner.succeed(`${name} is in ${folder}`);
        process.stdout.write(`${folder}\n`);
      } catch (error) {
        spinner.fail();
        throw abort.signal.aborted ? new Interrupted() : error;
      }
    });
  return new Command('data').description('data sets on this machine').addCommand(fetch);
}
