import { loadConfig, type NodeEvent, startNode } from '@chorus/node';
import { Command } from 'commander';

/** Time a node has to close its parts before the process ends anyway. */
const CLOSE_MILLISECONDS = 3_000;

/**
 * `chorus start`: one node in the foreground. Events go to the parent process over IPC where there is one,
 * else to standard output, a JSON object a line. Ends on SIGINT, SIGTERM and when its parent is gone.
 */
export function startCommand(): Command {
  return new Command('start')
    .description('run a node in the foreground')
    .requiredOption('--config <file>', 'configuration of the node (JSON)')
    .addHelpText('after', '\nExample:\n  $ chorus start --config node.json')
    .action(async ({ config }: { config: string }) => {
      const report = process.send
        ? (event: NodeEvent) => void (process.connected && process.send?.(event))
        : (event: NodeEvent) => void process.stdout.write(`${toJsonLine(event)}\n`);
      let closing = false;
      const starting = loadConfig(config).then((loaded) => startNode(loaded.config, report));
      const stop = async () => {
        if (closing) return;
        closing = true;
        setTimeout(() => process.exit(0), CLOSE_MILLISECONDS).unref();
        const node = await starting.catch(() => null);
        await node?.close();
        process.exit(0);
      };
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
      process.on('disconnect', () => void stop());
      await starting;
    });
}

function toJsonLine(event: NodeEvent): string {
  return JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}
