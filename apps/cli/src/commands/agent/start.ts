import { resolve } from 'node:path';
import { Command } from 'commander';
import { servedLines } from '../../agent/served-view.ts';
import { givenPath } from '../../environment/environment.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';
import { startProgress } from '../../output/progress.ts';

interface StartFlags extends HomeOptions {
  name?: string;
  acceptTools?: boolean;
}

/** `chorus agent start`: others can call an agent from now on, also after the node has restarted. */
export function startCommand(): Command {
  const command = new Command('start')
    .description('serve an agent by the running node: others can call it, also after a restart')
    .argument('<file>', 'the agent file; the node reads it, with its own environment')
    .option('--name <name>', 'name of the agent in addresses (made of the name in the file)')
    .option('--accept-tools', 'accept what the tools of the agent say of themselves now');
  return homeOptions(command)
    .addHelpText(
      'after',
      '\nAn agent that is served already is opened again, with its file as it is now.\n\nExample:\n  $ chorus agent start harbour.yaml',
    )
    .action(async (file: string, flags: StartFlags) => {
      const node = await connectNode(flags);
      const progress = startProgress('the node opens the model and the agent');
      const agent = await node
        .startAgent({
          file: resolve(givenPath(file, 'the agent file')),
          ...(flags.name === undefined ? {} : { name: flags.name }),
          ...(flags.acceptTools ? { acceptTools: true } : {}),
        })
        .finally(() => progress.stop());
      if (flags.json) printJson(agent);
      else print(...servedLines(agent));
    });
}
