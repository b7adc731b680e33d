import { randomBytes } from 'node:crypto';
import type { A2aBindings } from '@chorus/a2a';
import { createNetwork, hostOfPeer, peerIdOfKey } from '@chorus/network';
import type { NetworkPort } from '@chorus/protocol';
import { Hono } from 'hono';
import { patience } from '../patience.ts';
import { MemoryHub } from '../twins/network.ts';
import { describeA2a, type Serve } from './a2a.ts';

const serveAt =
  (flood: number, networksOf: (seed: Uint8Array) => Promise<NetworkPort[]>): Serve =>
  async (make) => {
    const seed = randomBytes(32);
    const [agent, caller, stranger] = (await networksOf(seed)) as [NetworkPort, NetworkPort, NetworkPort];
    for (const network of [caller, stranger]) await network.connect(agent.multiaddrs()[0]!);
    const app = await make({ libp2p: { peerId: agent.peerId, path: '/agents/7' } }, seed);
    const outer = new Hono<{ Bindings: A2aBindings }>().route('/agents/7', app.hono);
    agent.serve((request, peer) => outer.fetch(request, { peer }));
    const options = { timeoutMs: patience(20_000), maxResponseBytes: 10_000_000 };
    return {
      app,
      target: `libp2p://${hostOfPeer(agent.peerId)}/agents/7/`,
      caller: { network: caller },
      stranger: { network: stranger },
      request: (path, init) =>
        caller.fetch(agent.peerId, new Request(`http://agent/agents/7/${path}`, init), options),
      proven: true,
      flood,
      close: async () => {
        await app.close();
        await Promise.all([agent, caller, stranger].map((network) => network.close()));
      },
    };
  };

describeA2a(
  'over libp2p',
  serveAt(
    240,
    async (seed) =>
      await Promise.all([createNetwork({ privateKey: seed }), createNetwork(), createNetwork()]),
  ),
);

describeA2a(
  'between peers in memory',
  serveAt(1_000, async (seed) => {
    const hub = new MemoryHub();
    return [hub.create(await peerIdOfKey(seed)), hub.create(), hub.create()];
  }),
);
