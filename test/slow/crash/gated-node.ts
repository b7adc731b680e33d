/**
 * A node in a process of its own that waits for its parent around every step it records: `startNode` and nothing
 * else, with the gate that the crash tests need. Arguments: the configuration file, and `gated` to wait.
 */
import { readFileSync } from 'node:fs';
import { type NodeEvent, parseConfig, type StepPoint, startNode } from '@chorus/service-training';

/** What the child tells its parent. */
export type FromNode = { event: NodeEvent } | { point: StepPoint; id: number };
/** The parent's answer to a point: go on. */
export interface ToNode {
  go: number;
}

const [file, mode] = process.argv.slice(2);
const waiting = new Map<number, () => void>();
let points = 0;

process.on('message', ({ go }: ToNode) => {
  waiting.get(go)?.();
  waiting.delete(go);
});
process.on('disconnect', () => process.exit(1));

const tell = (message: FromNode) => void (process.connected && process.send?.(message));
const stepGate = (point: StepPoint) =>
  new Promise<void>((resolve) => {
    const id = ++points;
    waiting.set(id, resolve);
    tell({ point, id });
  });

const node = await startNode(
  parseConfig(JSON.parse(readFileSync(file!, 'utf8')), file!),
  (event) => tell({ event }),
  mode === 'gated' ? { stepGate } : {},
);
process.on('SIGTERM', () => {
  setTimeout(() => process.exit(1), 5_000).unref();
  void node.close().then(() => process.exit(0));
});
