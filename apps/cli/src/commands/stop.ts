import { setTimeout as delay } from 'node:timers/promises';
import { ChorusError } from '@chorus/protocol';
import { isAlive } from '@chorus/utils';
import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { print, printJson } from '../output/table.ts';

/** `chorus stop`: asks the running node to finish its step and stop. */
export function stopCommand(): Command {
  return homeOptions(
    new Command('stop').description('stop the running node once its current step is finished or rolled back'),
  )
    .option('--timeout <seconds>', 'how long to wait until it has stopped', '60')
    .addHelpText('after', '\nExample:\n  $ chorus stop')
    .action(async (flags: HomeOptions & { timeout: string }) => {
      const seconds = Number(flags.timeout);
      if (!(seconds >= 0 && seconds <= 86_400)) {
        throw new ChorusError('E_USAGE', '--timeout takes seconds', { facts: { given: flags.timeout } });
      }
      const started = performance.now();
      const node = await connectNode(flags);
      const { pid } = node.access;
      await node.shutdown().catch((error) => {
        // A node that no longer answers still receives a signal.
        if ((error as ChorusError).code !== 'E_ADMIN_UNREACHABLE') throw error;
        process.kill(pid, 'SIGTERM');
      });
      while (isAlive(pid)) {
        if (performance.now() - started > 1000 * seconds) {
          throw new ChorusError('E_NODE_BUSY', 'the node has not ended yet', {
            facts: { pid, seconds },
            hint: 'see `chorus logs`; its work is recorded, so you may also kill the process',
          });
        }
        await delay(50);
      }
      const took = Math.round(performance.now() - started) / 1000;
      if (flags.json) printJson({ stopped: true, pid, seconds: took });
      else print(`stopped (process ${pid}, ${took.toFixed(1)} s)`);
    });
}
