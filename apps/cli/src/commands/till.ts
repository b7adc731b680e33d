import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { print, printJson } from '../output/table.ts';
import { collectionLines, tillLines } from '../revenue/view.ts';

/** `chorus till`: where an agent is paid, and how that is divided. */
export function tillCommand(): Command {
  const show = new Command('show')
    .description('how the payments of an agent are divided, and what waits in its till')
    .argument('<agent>', 'its number: chorus agent find, chorus agent list')
    .addHelpText('after', '\nExample:\n  $ chorus till show 7')
    .action(async (agent: string, flags: HomeOptions) => {
      const till = await (await connectNode(flags)).till(agent);
      if (flags.json) printJson(till);
      else print(...tillLines(till));
    });
  const collect = new Command('collect')
    .description('divide what is in the till of any agent, by its terms; this wallet pays the gas')
    .argument('<agent>', 'its number')
    .addHelpText('after', '\nExample:\n  $ chorus till collect 7')
    .action(async (agent: string, flags: HomeOptions) => {
      const collected = await (await connectNode(flags)).collectTill(agent);
      if (flags.json) printJson(collected);
      else print(...collectionLines(collected));
    });
  return new Command('till')
    .description('where an agent is paid, and how that is divided: trainers, holders of units, tools, owner')
    .addCommand(homeOptions(show))
    .addCommand(homeOptions(collect));
}
