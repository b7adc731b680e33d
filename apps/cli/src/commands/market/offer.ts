import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { offerLines, offersTable } from '../../market/asks/offer-view.ts';
import { print, printJson } from '../../output/table.ts';

/** `chorus market offer`: what agents do for a price that is known before. */
export function offerCommand(): Command {
  const list = new Command('list')
    .description('standing offers of agents that this node has heard of')
    .addHelpText('after', '\nExample:\n  $ chorus market offer list')
    .action(async (flags: HomeOptions) => {
      const offers = await (await connectNode(flags)).offers();
      if (flags.json) printJson(offers);
      else print(offersTable(offers), '', 'What one takes and gives: chorus market offer show AGENT');
    });
  const show = new Command('show')
    .description('the offers of an agent, as its signed card has them now, with what they take and give')
    .argument('<agent>', 'its number: chorus market offer list')
    .addHelpText('after', '\nExample:\n  $ chorus market offer show 7')
    .action(async (agent: string, flags: HomeOptions) => {
      const { agentId, title, proven, offers } = await (await connectNode(flags)).inspectAgent(agent);
      if (flags.json) return printJson({ agentId, title, proven, offers });
      const unproven = proven
        ? []
        : ['Not every link of its identity holds: chorus agent show says which.', ''];
      const none = offers.length === 0 ? ['It offers nothing.'] : [];
      print(...unproven, ...offers.flatMap(offerLines), ...none);
      if (offers.length > 0)
        print('', `Order: chorus market ask 'WHAT' --agent ${agentId} --budget SUM --within TIME --hire`);
    });
  const command = new Command('offer').description(
    'standing offers of agents: jobs in escrow and calls at known prices',
  );
  command.addCommand(homeOptions(list), { isDefault: true });
  command.addCommand(homeOptions(show));
  return command;
}
