import { MemoryHub } from '../twins/network.ts';
import { describeNetwork } from './network.ts';

describeNetwork('in memory', async (count) => {
  const hub = new MemoryHub();
  return Array.from({ length: count }, () => hub.create());
});
