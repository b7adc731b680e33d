import { Command } from 'commander';
import { auditCommand } from './audit.ts';
import { callCommand } from './call.ts';
import { checkCommand } from './check.ts';
import { feedbackCommand } from './feedback.ts';
import { findCommand } from './find.ts';
import { initCommand } from './init.ts';
import { knowledgeCommand } from './knowledge.ts';
import { listCommand } from './list.ts';
import { logCommand } from './log.ts';
import { mcpCommand } from './mcp.ts';
import { memoryCommand } from './memory.ts';
import { registerCommand, retireCommand } from './register.ts';
import { runCommand } from './run.ts';
import { showCommand } from './show.ts';
import { startCommand } from './start.ts';
import { stopCommand } from './stop.ts';
import { whyCommand } from './why.ts';

/** `chorus agent`: agents on this machine, alone or served by its node. */
export function agentCommand(): Command {
  return new Command('agent')
    .description('agents: a model, instructions and limits in one file')
    .addCommand(initCommand())
    .addCommand(checkCommand())
    .addCommand(runCommand())
    .addCommand(knowledgeCommand())
    .addCommand(memoryCommand())
    .addCommand(mcpCommand())
    .addCommand(startCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(logCommand())
    .addCommand(stopCommand())
    .addCommand(registerCommand())
    .addCommand(retireCommand())
    .addCommand(findCommand())
    .addCommand(callCommand())
    .addCommand(feedbackCommand())
    .addCommand(auditCommand())
    .addCommand(whyCommand());
}
