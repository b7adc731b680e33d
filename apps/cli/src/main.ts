import { forgetEmptyVariables } from './environment/environment.ts';
import { checkUsage, reportAndExit } from './environment/exit.ts';
import { endWithReader } from './output/terminal.ts';
import { createProgram } from './program.ts';

forgetEmptyVariables();
endWithReader();
// Errors from a timer or stream that no code awaits: reported like any other error, and they end the process too.
process.on('uncaughtException', reportAndExit);

try {
  const [, , command] = process.argv;
  // Shell completion needs all commands.
  const program = await createProgram(command === 'completion' ? undefined : command);
  await checkUsage(program).parseAsync();
} catch (error) {
  reportAndExit(error);
}
