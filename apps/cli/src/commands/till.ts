import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { agentNumber } from '../options/numbers.ts';
import { print, printJson } from '../output/table.ts';
import { collectionLines, symbolsOf, tillLines } from '../revenue/view.ts';

/** `chorus till`: where an agent is paid, and how that is divided. */
export function tillCommand(): Command {
  const show = new Command('show')
    .description('how the payments of an agent are divided, and what waits in its till')
    .argument('<agent>', 'its number: chorus agent find, chorus agent list', agentNumber)
    .addHelpText('after', '\nExample:\n  $ chorus till show 7')
    .action(async (agent: string, flags: HomeOptions) => {
      const node = await connectNode(flags);
      const till = await node.till(agent);
      if (flags.json) printJson(till);
      else print(...tillLines(till, symbolsOf(await node.revenue())));
    });
  const collect = new Command('collect')
    .description('divide what is in the till of any agent, by its terms; this wallet pays the gas')
    .argument('<agent>', 'its number', agentNumber)
    .addHelpText('after', '\nExample:\n  $ chorus till collect 7')
    .action(async (agent: string, flags: HomeOptions) => {
      const node = await connectNode(flags);
      const collected = await node.collectTill(agent);
      if (flags.json) printJson(collected);
      else print(...collectionLines(collected, symbolsOf(await node.revenue())));
    });
  return new Command('till')
    .description('where an agent is paid, and how that is divided: trainers, holders of units, tools, owner')
    .addCommand(homeOptions(show))
    .addCommand(homeOptions(collect));
}
