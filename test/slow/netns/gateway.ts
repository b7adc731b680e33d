import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Netns } from './netns.ts';

const PORT = 8545;
/** Plain JavaScript for `node -e`: what comes to the port of the namespace goes to the socket of the file system. */
const FORWARDER = `
const net = require('node:net');
const [address, port, path] = process.argv.slice(1);
net.createServer((from) => {
  const to = net.connect(path);
  for (const [a, b] of [[from, to], [to, from]]) a.on('error', () => b.destroy()).on('close', () => b.destroy()).pipe(b);
}).listen(Number(port), address, () => console.log('up'));
process.stdin.resume().on('close', () => process.exit());`;

/**
 * Make a server of this machine's loopback interface reachable in a namespace, and so over the wire: sockets of the
 * file system do not belong to any network namespace.
 */
export async function openGateway(
  net: Netns,
  name: string,
  { port, path }: { port: number; path: string },
): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(port, '127.0.0.1');
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(a);
      a.on('error', () => b.destroy()).on('close', () => {
        sockets.delete(a);
        b.destroy();
      });
      a.pipe(b);
    }
  });
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  const address = net.localAddress(name);
  const forwarder = net.spawn(name, process.execPath, ['-e', FORWARDER, address, String(PORT), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(forwarder.stdout!, 'data'),
    once(forwarder, 'exit').then(() => {
      throw new Error('the gateway ended');
    }),
    sleep(15_000, undefined, { ref: false }).then(() => {
      throw new Error('the gateway did not start');
    }),
  ]);
  return {
    url: `http://${address}:${PORT}`,
    close: async () => {
      forwarder.stdin?.end();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
