import { Command } from 'commander';
import { isAgentId } from '../../agent/agent-id.ts';
import { identityLines } from '../../agent/directory/identity-view.ts';
import { servedLines } from '../../agent/served-view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';

/** `chorus agent show`: one agent of the running node, or who an agent of the network is. */
export function showCommand(): Command {
  const command = new Command('show')
    .description('one agent of the running node; or of the network, with every link of its identity checked')
    .argument('<agent>', 'its name on this node (`chorus agent list`), or its number (`chorus agent find`)');
  return homeOptions(command)
    .addHelpText('after', '\nExamples:\n  $ chorus agent show harbour-guide\n  $ chorus agent show 7')
    .action(showAction);
}

async function showAction(agent: string, flags: HomeOptions): Promise<void> {
  const node = await connectNode(flags);
  if (!isAgentId(agent)) {
    const served = await node.agent(agent);
    return flags.json ? printJson(served) : print(...servedLines(served));
  }
  const [identity, reputation] = await Promise.all([
    node.inspectAgent(agent),
    // Who it is can be said without it: a node that pays in no token reads no ratings.
    node.reputation(agent).catch(() => null),
  ]);
  if (flags.json) printJson({ ...identity, reputation });
  else print(...identityLines(identity, reputation));
}
