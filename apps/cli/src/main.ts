import { Command } from 'commander';
import { chainCommand } from './commands/chain.ts';
import { dataCommand } from './commands/data.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { modelCommand } from './commands/model.ts';
import { proofCommand } from './commands/proof.ts';
import { startCommand } from './commands/start.ts';
import { trainCommand } from './commands/train.ts';
import { whyCommand } from './commands/why.ts';
import { reportAndExit } from './exit.ts';

const program = new Command('chorus')
  .description('Train models together, prove who contributed what, get paid on chain.')
  .version('0.1.0')
  .showHelpAfterError()
  .addCommand(demoCommand())
  .addCommand(startCommand())
  .addCommand(dataCommand())
  .addCommand(trainCommand())
  .addCommand(doctorCommand())
  .addCommand(chainCommand())
  .addCommand(proofCommand())
  .addCommand(whyCommand())
  .addCommand(modelCommand());

try {
  await program.parseAsync();
} catch (error) {
  reportAndExit(error);
}
