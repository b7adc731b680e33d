import { forgetEmptyVariables } from './environment/environment.ts';
import { checkUsage, reportAndExit } from './environment/exit.ts';
import { endWithReader } from './output/terminal.ts';
import { createProgram } from './program.ts';

forgetEmptyVariables();
endWithReader();
// Of what no part waits for, such as a timer or a stream: told like any other error, and the end all the same.
process.on('uncaughtException', reportAndExit);

try {
  const [, , command] = process.argv;
  // What completes commands has to know them all.
  const program = await createProgram(command === 'completion' ? undefined : command);
  await checkUsage(program).parseAsync();
} catch (error) {
  reportAndExit(error);
}
