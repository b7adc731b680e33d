import { checkUsage, reportAndExit } from './exit.ts';
import { createProgram } from './program.ts';
import { endWithReader } from './terminal.ts';

endWithReader();

try {
  const [, , command] = process.argv;
  // What completes commands has to know them all.
  const program = await createProgram(command === 'completion' ? undefined : command);
  await checkUsage(program).parseAsync();
} catch (error) {
  reportAndExit(error);
}
