import { trainedTasks } from '@chorus/admin-api/words';
import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { print, printJson } from '../output/table.ts';
import { claimedLines, earningsLines, symbolsOf } from '../revenue/view.ts';

/** `chorus earnings`: what every stream has brought to the wallet, and having it paid out. */
export function earningsCommand(): Command {
  const show = new Command('show')
    .description('what training, agents, royalties and units have brought, and can be claimed')
    .addHelpText('after', '\nExample:\n  $ chorus earnings')
    .action(showAction);
  const claim = new Command('claim')
    .description('divide the tills of this node, and have everything paid out to the wallet')
    .addHelpText('after', '\nExample:\n  $ chorus earnings claim')
    .action(claimAction);
  return new Command('earnings')
    .description('what the wallet of the running node earns: training, agents, royalties, units')
    .addCommand(homeOptions(show), { isDefault: true })
    .addCommand(homeOptions(claim));
}

/** Tasks that the node has trained in. */
const trained = async (node: Awaited<ReturnType<typeof connectNode>>): Promise<string[]> =>
  trainedTasks((await node.rounds({ limit: 1000 })).rounds);

async function showAction(flags: HomeOptions): Promise<void> {
  const node = await connectNode(flags);
  const tasks = await trained(node);
  const [rewards, revenue] = await Promise.all([node.rewards(), node.revenue({ tasks: tasks.join(',') })]);
  if (flags.json) printJson({ training: rewards.claimable, ...revenue });
  else print(...earningsLines(rewards, revenue));
}

async function claimAction(flags: HomeOptions): Promise<void> {
  const node = await connectNode(flags);
  const tasks = await trained(node);
  const { claimed } = await node.claim();
  const revenue = await node.claimRevenue({ tasks });
  if (flags.json) printJson({ training: claimed, ...revenue });
  else print(...claimedLines(claimed, revenue, symbolsOf(await node.revenue())));
}
