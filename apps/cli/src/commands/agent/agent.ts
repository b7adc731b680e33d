import { Command } from 'commander';
import { callCommand } from './call.ts';
import { checkCommand } from './check.ts';
import { initCommand } from './init.ts';
import { runCommand } from './run.ts';

/** `chorus agent`: agents on this machine. */
export function agentCommand(): Command {
  return new Command('agent')
    .description('agents: a model, instructions and limits in one file')
    .addCommand(initCommand())
    .addCommand(checkCommand())
    .addCommand(runCommand())
    .addCommand(callCommand());
}
