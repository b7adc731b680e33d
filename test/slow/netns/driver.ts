/**
 * One node of network and storage in a process of its own, told what to do by lines of JSON on stdin: it answers
 * each on stdout with the same id. Started by `startDriver` in drivers.ts.
 */
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { createNetwork, type NetworkOptions } from '@chorus/network';
import { createHeliaStorage } from '@chorus/storage';
import { patience } from '../../patience.ts';
import { pseudoRandom } from './random.ts';

const TOPIC = '/chorus/1/netns/messages';

const options = JSON.parse(process.argv[2] ?? '{}') as NetworkOptions;
const network = await createNetwork(options);
const storage = await createHeliaStorage({
  libp2p: network.libp2p,
  onWrongBlock: (peer) => network.blame(peer, 'wrong-block'),
  onFlood: (peer) => network.blame(peer, 'bitswap-flood'),
});
const delays = monitorEventLoopDelay({ resolution: 5 });

/** Messages received, and when. */
const received = new Map<string, number>();
network.subscribe(TOPIC, ({ data }) => {
  const text = new TextDecoder().decode(data);
  if (text.startsWith('bad')) return 'reject';
  if (!received.has(text)) received.set(text, Date.now());
  return 'accept';
});
network.handle('/chorus/test/echo/1.0.0', async (request) => request);

const operations: Record<string, (argument: never) => Promise<unknown>> = {
  info: async () => ({ peerId: network.peerId, addresses: network.multiaddrs(), peers: network.peers() }),
  connect: async (address: string) => await network.connect(address, { timeoutMs: patience(30_000) }),
  learn: async ({ peer, addresses }: { peer: string; addresses: string[] }) =>
    await network.learn(peer, addresses),
  publish: async (text: string) => await network.publish(TOPIC, new TextEncoder().encode(text)),
  received: async () => Object.fromEntries(received),
  put: async ({ size, seed }: { size: number; seed: number }) => await storage.put(pseudoRandom(size, seed)),
  get: async ({ cid, from, timeoutMs }: { cid: string; from: string[]; timeoutMs: number }) => {
    const started = performance.now();
    const bytes = await storage.get(cid, { maxBytes: 64 * 1024 * 1024, timeoutMs, from });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { sha256, ms: performance.now() - started };
  },
  remove: async (cid: string) => await storage.remove(cid),
  echo: async ({ peer, timeoutMs }: { peer: string; timeoutMs: number }) => {
    const started = performance.now();
    await network.request(peer, '/chorus/test/echo/1.0.0', new Uint8Array(100), {
      timeoutMs,
      maxResponseBytes: 1000,
    });
    return performance.now() - started;
  },
  stats: async () => await network.stats(),
  resources: async () => ({
    rss: process.memoryUsage().rss,
    cpu: process.cpuUsage(),
    p95: delays.percentile(95) / 1e6,
    max: delays.max / 1e6,
  }),
  // Not from the start: it wakes the process every few milliseconds.
  resetDelays: async () => {
    delays.enable();
    delays.reset();
  },
};

const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, operation, argument } = JSON.parse(line) as { id: number; operation: string; argument: never };
  const work = operations[operation];
  if (!work) throw new Error(`there is no operation ${operation}`);
  work(argument).then(
    (result) => answer({ id, result: result ?? null }),
    (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});
// The test is gone, or wants this node to end.
lines.once('close', async () => {
  await storage.close();
  await network.close();
});
answer({ id: 0, result: null });
