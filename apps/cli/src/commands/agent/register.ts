import type { AdminClient, RegistrationDocument } from '@chorus/admin-api';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { costText, registrationLines } from '../../agent/directory/registration-view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';
import { write } from '../../output/terminal.ts';

interface RegisterFlags extends HomeOptions {
  dryRun?: boolean;
}

const HELP = `
The agent has to be served: chorus agent start. It gets an ERC-8004 identity of the node's wallet, whose registration
file is on IPFS. Two transactions, once; later the command brings the file up to date. After a failure, repeat it:
what was done is not done again.

Examples:
  $ chorus agent register harbour-guide --dry-run
  $ chorus agent register harbour-guide`;

/** `chorus agent register`: an agent of the node gets its identity on chain; others can find it from then on. */
export function registerCommand(): Command {
  const command = new Command('register')
    .alias('update')
    .description('give an agent of the node its identity on chain, so that others find it; or update that')
    .argument('<name>', 'its name: see `chorus agent list`')
    .option('--dry-run', 'only say what it would cost');
  return homeOptions(command).addHelpText('after', HELP).action(registerAction);
}

async function registerAction(
  name: string,
  { dryRun = false, json = false, ...home }: RegisterFlags,
): Promise<void> {
  const node = await connectNode(home);
  const asked = await node.registerAgent(name, { dryRun: true });
  if (dryRun) return json ? printJson(asked) : print(costText(asked));
  if (!json) write(process.stderr, `${colors.dim(costText(asked))}\n`);
  const done = await node.registerAgent(name);
  if (json) printJson(done);
  else print(...registrationLines(done));
}

/** `chorus agent retire`: an agent is no longer announced, and its identity says so. */
export function retireCommand(): Command {
  const command = new Command('retire')
    .description(
      'say on chain that an agent is no longer served; its identity stays, register brings it back',
    )
    .argument('<name>', 'its name: see `chorus agent list`');
  return homeOptions(command)
    .addHelpText(
      'after',
      '\nIt still answers until `chorus agent stop`.\n\nExample:\n  $ chorus agent retire harbour-guide',
    )
    .action(async (name: string, flags: HomeOptions) => {
      const node: Pick<AdminClient, 'retireAgent'> = await connectNode(flags);
      const done: RegistrationDocument = await node.retireAgent(name);
      if (flags.json) printJson(done);
      else print(...registrationLines(done));
    });
}
