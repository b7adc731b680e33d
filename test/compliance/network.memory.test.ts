import { MemoryHub } from '../twins/network.ts';
import { describeHttp } from './network.http.ts';
import { describeNetwork, type NetworkFactory } from './network.ts';

const factory: NetworkFactory = async (count) => {
  const hub = new MemoryHub();
  return Array.from({ length: count }, () => hub.create());
};

describeNetwork('in memory', factory);
describeHttp('in memory', factory);
