import { Command } from 'commander';
import { delegateCommand, executeCommand, queueCommand, voteCommand } from './act.ts';
import { proposeCommand } from './propose.ts';
import { listCommand, parametersCommand, showCommand } from './read.ts';

/** `chorus governance`: votes of the token's holders on the parameters of the network. */
export function governanceCommand(): Command {
  const command = new Command('governance').description(
    'parameters of the network, and votes of the holders of its token on them',
  );
  command.addCommand(parametersCommand());
  command.addCommand(listCommand());
  command.addCommand(showCommand());
  command.addCommand(proposeCommand());
  command.addCommand(voteCommand());
  command.addCommand(delegateCommand());
  command.addCommand(queueCommand());
  command.addCommand(executeCommand());
  return command;
}
