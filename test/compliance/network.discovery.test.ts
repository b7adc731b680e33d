import { createNetwork, type LibP2pNetwork } from '@chorus/network';
import { hasCode } from '@chorus/protocol';
import { afterEach, describe, expect, test } from 'vitest';

describe('finding peers', () => {
  const networks: LibP2pNetwork[] = [];
  const start = async (options: Parameters<typeof createNetwork>[0]) => {
    const network = await createNetwork(options);
    networks.push(network);
    return network;
  };
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.close()));
  });

  test('a node reaches its bootstrap peers at the start, and starts without those that are gone', async () => {
    const [a, gone] = [await start({}), await start({})];
    const addresses = [a.multiaddrs()[0]!, gone.multiaddrs()[0]!, 'nonsense'];
    await gone.close();
    const b = await start({ bootstrap: addresses });
    expect(b.peers()).toEqual([a.peerId]);
  });

  test('a peer is reachable by its id alone with Kademlia, and not without', async () => {
    const hub = await start({ dht: 'server' });
    const bootstrap = [hub.multiaddrs()[0]!];
    const a = await start({ dht: 'server', bootstrap });
    const b = await start({ dht: 'server', bootstrap });
    const without = await start({ bootstrap });
    for (let i = 0; i < 50 && !b.peers().includes(a.peerId); i++) {
      await b.connect(a.peerId, { timeoutMs: 3_000 }).catch(() => undefined);
      if (!b.peers().includes(a.peerId)) await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(b.peers()).toContain(a.peerId);
    await expect(without.connect(a.peerId, { timeoutMs: 2_000 })).rejects.toSatisfy((e) =>
      hasCode(e, 'E_NETWORK_DIAL'),
    );
  });
});
