import { checkUsage, reportAndExit } from './exit.ts';
import { createProgram } from './program.ts';

try {
  await checkUsage(createProgram()).parseAsync();
} catch (error) {
  reportAndExit(error);
}
