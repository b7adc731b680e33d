import { MemorySwarm } from '../twins/storage.ts';
import { describeStorage } from './storage.ts';

describeStorage('in memory', async (count) => {
  const swarm = new MemorySwarm();
  const nodes = Array.from({ length: count }, (_, i) => ({ storage: swarm.create(), peerId: `peer${i}` }));
  return { nodes, close: async () => undefined };
});
