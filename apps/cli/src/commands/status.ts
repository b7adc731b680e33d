import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { statusScreen } from '../node/status-view.ts';
import { print, printJson } from '../output/table.ts';

/** `chorus status`: shows the running node on one screen. */
export function statusCommand(): Command {
  return homeOptions(new Command('status').description('show the running node on one screen'))
    .addHelpText('after', '\nExamples:\n  $ chorus status\n  $ chorus status --json | jq .tasks')
    .action(async (flags: HomeOptions) => {
      const node = await connectNode(flags);
      const status = await node.status();
      if (flags.json) printJson(status);
      // Lines are cut only for a terminal, which would break them.
      else
        print(
          statusScreen(status, {
            columns: process.stdout.columns ?? Infinity,
            rows: process.stdout.rows ?? 24,
          }),
        );
    });
}
