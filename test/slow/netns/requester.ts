/**
 * The requester's node in a process of its own: what `chorus task create` runs, with a task that its parent sends.
 * Argument: the configuration file.
 */
import { readFileSync } from 'node:fs';
import { type NodeEvent, parseConfig, startNode, type TaskRequest } from '@chorus/service-training';

/** What is reported in addition to events. */
export type FromRequester = { published: bigint } | { fault: string };

const [file] = process.argv.slice(2);
const tell = (message: NodeEvent | FromRequester) => void (process.connected && process.send?.(message));

const node = await startNode(parseConfig(JSON.parse(readFileSync(file!, 'utf8')), file!), tell);
const end = () => {
  setTimeout(() => process.exit(1), 5_000).unref();
  void node.close().then(() => process.exit(0));
};
process.on('message', (request) => {
  node.services.training.publish(request as TaskRequest).then(
    (taskId) => tell({ published: taskId }),
    (error: unknown) => tell({ fault: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', end);
process.on('SIGTERM', end);
