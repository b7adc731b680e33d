import { reportAndExit } from './environment/exit.ts';
import { endWithReader } from './output/terminal.ts';
import { run } from './run.ts';

endWithReader();
// Errors from a timer or stream that no code awaits: reported like any other error, and they end the process too.
process.on('uncaughtException', reportAndExit);
await run(process.argv.slice(2));
