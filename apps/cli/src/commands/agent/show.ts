import { Command } from 'commander';
import { servedLines } from '../../agent/served-view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';

/** `chorus agent show`: one agent of the running node. */
export function showCommand(): Command {
  const command = new Command('show')
    .description('one agent of the running node: its state, its addresses, and why it is not served')
    .argument('<name>', 'its name: see `chorus agent list`');
  return homeOptions(command)
    .addHelpText('after', '\nExample:\n  $ chorus agent show harbour-guide')
    .action(async (name: string, flags: HomeOptions) => {
      const agent = await (await connectNode(flags)).agent(name);
      if (flags.json) printJson(agent);
      else print(...servedLines(agent));
    });
}
