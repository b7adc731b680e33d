import { createNetwork } from '@chorus/network';
import { describeNetwork } from './network.ts';

describeNetwork('libp2p on loopback', (count) =>
  Promise.all(Array.from({ length: count }, () => createNetwork())),
);
