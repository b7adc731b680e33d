import { forgetEmptyVariables } from './environment/environment.ts';
import { checkUsage, reportAndExit } from './environment/exit.ts';
import { createProgram } from './program.ts';

/** Run one command line, without the words `node` and `chorus`; what fails is reported and ends the process. */
export async function run(args: readonly string[]): Promise<void> {
  forgetEmptyVariables();
  try {
    // Shell completion needs all commands.
    const program = await createProgram(args[0] === 'completion' ? undefined : args[0]);
    await checkUsage(program).parseAsync(args, { from: 'user' });
  } catch (error) {
    reportAndExit(error);
  }
}
