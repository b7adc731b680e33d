import { fetchDataset } from '@chorus/training';
import { Argument, Command } from 'commander';
import ora from 'ora';
import { Interrupted } from '../exit.ts';

/** `chorus data`: data sets on this machine. */
export function dataCommand(): Command {
  const fetch = new Command('fetch')
    .description('download a public data set into the cache; resumes, and checks sha256')
    .addArgument(new Argument('<name>', 'which data set').choices(['mnist', 'fashion-mnist']))
    .option('--cache <dir>', 'folder to keep it in')
    .option('--base-url <url>', 'download from a mirror')
    .addHelpText(
      'after',
      '\nExample:\n  $ chorus data fetch mnist && chorus demo --data ~/.cache/chorus/data/mnist',
    )
    .action(async (name: 'mnist' | 'fashion-mnist', options: { cache?: string; baseUrl?: string }) => {
      const abort = new AbortController();
      process.once('SIGINT', () => abort.abort(new Interrupted()));
      const spinner = ora(`fetching ${name}`).start();
      try {
        const folder = await fetchDataset(name, {
          ...(options.cache ? { cacheDir: options.cache } : {}),
          ...(options.baseUrl ? { baseUrl: options.baseUrl } : {}),
          signal: abort.signal,
          onProgress: (progress) => {
            const { file, receivedBytes, totalBytes } = progress;
            const share = totalBytes ? ` ${Math.floor((100 * receivedBytes) / totalBytes)} %` : '';
            spinner.text = `fetching ${name}: ${file}${share}`;
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
