import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';

/** `chorus agent stop`: an agent is no longer served. */
export function stopCommand(): Command {
  const command = new Command('stop')
    .description('end an agent of the running node; it is not served again after a restart')
    .argument('<name>', 'its name: see `chorus agent list`');
  return homeOptions(command)
    .addHelpText(
      'after',
      "\nTasks that run are ended. Finished ones stay in the node's folder, for when the agent is started again.\n\nExample:\n  $ chorus agent stop harbour-guide",
    )
    .action(async (name: string, flags: HomeOptions) => {
      await (await connectNode(flags)).stopAgent(name);
      if (flags.json) printJson({ stopped: name });
      else print(`${name} is no longer served`);
    });
}
