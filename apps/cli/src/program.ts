import { Command } from 'commander';
import { exportCommand, importCommand } from './commands/backup.ts';
import { chainCommand } from './commands/chain.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { dataCommand } from './commands/data.ts';
import { demoCommand } from './commands/demo.ts';
import { devnetCommand } from './commands/devnet.ts';
import { doctorCommand } from './commands/doctor.ts';
import { initCommand } from './commands/init.ts';
import { keysCommand } from './commands/keys.ts';
import { logsCommand } from './commands/logs.ts';
import { modelCommand } from './commands/model.ts';
import { peersCommand } from './commands/peers.ts';
import { proofCommand } from './commands/proof.ts';
import { rewardsCommand } from './commands/rewards.ts';
import { serviceCommand } from './commands/service.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { stopCommand } from './commands/stop.ts';
import { taskCommand } from './commands/task.ts';
import { trainCommand } from './commands/train.ts';
import { whyCommand } from './commands/why.ts';
import { EXIT_HELP } from './exit.ts';
import { VERSION } from './version.ts';

/** Commands by what somebody wants to do. */
const GROUPS: readonly [heading: string, commands: readonly (() => Command)[]][] = [
  ['Try it:', [demoCommand, devnetCommand, trainCommand]],
  [
    'Run a node:',
    [
      initCommand,
      startCommand,
      stopCommand,
      statusCommand,
      logsCommand,
      peersCommand,
      doctorCommand,
      chainCommand,
      serviceCommand,
    ],
  ],
  ['Tasks and rewards:', [taskCommand, rewardsCommand]],
  [
    'Its settings and keys:',
    [configCommand, keysCommand, dataCommand, exportCommand, importCommand, completionCommand],
  ],
  ['Look into rounds:', [proofCommand, whyCommand, modelCommand]],
];

/** The whole command, not run yet. */
export function createProgram(): Command {
  const program = new Command('chorus')
    .description('Train models together, prove who contributed what, get paid on chain.')
    .version(VERSION)
    .addHelpText('after', `\n${EXIT_HELP}`);
  for (const [heading, commands] of GROUPS) {
    for (const make of commands) program.addCommand(make().helpGroup(heading));
  }
  return program;
}
