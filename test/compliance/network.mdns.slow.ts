import { networkInterfaces } from 'node:os';
import { createNetwork } from '@chorus/network';
import { expect, test } from 'vitest';
import { until } from '../patience.ts';

const outside = Object.values(networkInterfaces())
  .flat()
  .some((address) => address && !address.internal);

// In the slow suite because it needs multicast, which some machines and containers do not have.
test.skipIf(!outside)(
  'nodes of one local network find each other by multicast DNS (needs a network interface)',
  async () => {
    const listen = ['/ip4/0.0.0.0/tcp/0'];
    const [a, b] = [await createNetwork({ mdns: true, listen }), await createNetwork({ mdns: true, listen })];
    await until(() => a.peers().includes(b.peerId));
    expect(a.peers()).toContain(b.peerId);
    await Promise.all([a.close(), b.close()]);
  },
);
