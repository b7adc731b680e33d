import { checkUsage, reportAndExit } from './exit.ts';
import { createProgram } from './program.ts';
import { endWithReader } from './terminal.ts';

endWithReader();

try {
  await checkUsage(createProgram()).parseAsync();
} catch (error) {
  reportAndExit(error);
}
