/**
 * Several light nodes in one process: the network alone, no training, no chain. Told what to do by lines of JSON on
 * stdin, as driver.ts is. Argument: how many.
 */
import { createInterface } from 'node:readline';
import { createNetwork } from '@chorus/network';

const TOPIC = '/chorus/1/scale/tasks';
const count = Number(process.argv[2]);
const nodes = await Promise.all(Array.from({ length: count }, () => createNetwork()));
/** When each node received each message. */
const received = nodes.map((node) => {
  const got: Record<string, number> = {};
  node.subscribe(TOPIC, ({ data }) => {
    got[new TextDecoder().decode(data.subarray(0, 16)).trim()] ??= Date.now();
    return 'accept';
  });
  return got;
});

const operations: Record<string, (argument: never) => Promise<unknown>> = {
  addresses: async () => nodes.map((node) => node.multiaddrs()[0]),
  connect: async ({ node, to }: { node: number; to: string[] }) =>
    await Promise.all(to.map((address) => nodes[node]!.connect(address, { timeoutMs: 30_000 }))),
  /** A message of the size of an announcement with its terms; the first 16 bytes name it. */
  publish: async ({ node, name }: { node: number; name: string }) => {
    await nodes[node]!.publish(TOPIC, new TextEncoder().encode(name.padEnd(16) + 'x'.repeat(3_000)));
    return Date.now();
  },
  received: async () => received,
  mesh: async () => await Promise.all(nodes.map(async (node) => (await node.stats()).topics[0]?.mesh ?? 0)),
  resources: async () => ({ rss: process.memoryUsage().rss, cpu: process.cpuUsage() }),
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, operation, argument } = JSON.parse(line) as { id: number; operation: string; argument: never };
  const answer = (value: object) => process.stdout.write(`${JSON.stringify({ id, ...value })}\n`);
  operations[operation]!(argument).then(
    (result) => answer({ result: result ?? null }),
    (error: unknown) => answer({ error: String(error) }),
  );
});
lines.once('close', () => void Promise.all(nodes.map((node) => node.close())));
process.stdout.write('{"id":0,"result":null}\n');
