import { Command } from 'commander';
import { dataCommand } from './commands/data.ts';
import { demoCommand } from './commands/demo.ts';
import { startCommand } from './commands/start.ts';
import { reportAndExit } from './exit.ts';

const program = new Command('chorus')
  .description('Train models together, prove who contributed what, get paid on chain.')
  .version('0.1.0')
  .showHelpAfterError()
  .addCommand(demoCommand())
  .addCommand(startCommand())
  .addCommand(dataCommand());

try {
  await program.parseAsync();
} catch (error) {
  reportAndExit(error);
}
