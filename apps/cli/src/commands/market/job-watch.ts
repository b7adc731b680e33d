import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { connectNode, type HomeOptions } from '../../environment/home.ts';
import { stepText } from '../../market/view.ts';
import { print, printJson } from '../../output/table.ts';

/** Between two looks. */
const MILLISECONDS = 5_000;

/** `chorus market job watch`: one line for each change, until the job has ended. */
export function jobWatchCommand(): Command {
  return new Command('watch')
    .description('follow a job until it has ended; one JSON document for each change with --json')
    .argument('<job>', 'its number')
    .addHelpText('after', '\nExample:\n  $ chorus market job watch 3')
    .action(async (jobId: string, flags: HomeOptions) => {
      const node = await connectNode(flags);
      let last = '';
      for (;;) {
        const job = await node.job(jobId);
        const text = `${job.status}: ${stepText(job)}`;
        if (text !== last) {
          if (flags.json) printJson(job);
          else print(text);
        }
        last = text;
        if (job.step === null) return;
        await delay(MILLISECONDS);
      }
    });
}
