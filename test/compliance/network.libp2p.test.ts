import { createNetwork } from '@chorus/network';
import { describeHttp } from './network.http.ts';
import { describeNetwork, type NetworkFactory } from './network.ts';

const factory: NetworkFactory = (count) => Promise.all(Array.from({ length: count }, () => createNetwork()));

describeNetwork('libp2p on loopback', factory);
describeHttp('libp2p on loopback', factory);
