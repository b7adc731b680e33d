import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError, encodeMessage, encodeTerms, topicOf } from '@chorus/protocol';
import { publishTask } from '@chorus/service-training';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { smallTask, TwinNetwork } from './twins.ts';

let network: TwinNetwork;
beforeEach(async () => {
  network = await TwinNetwork.create();
});
afterEach(() => network.close());

/** What alice keeps of a task, which she needs to take it up again. */
const termsFile = (taskId: bigint): string =>
  join(network.folder, 'alice', 'tasks', taskId.toString(), 'terms.json');

it('a task announced twice at once is joined once, and what is kept of it on disk stays', async () => {
  const { request, shards } = await smallTask(network, 1);
  const requester = await network.add('requester', { roles: [] });
  const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
  // A read of a real chain takes time; both messages arrive within it.
  const known = alice.node.ports.chain;
  const read = known.task.bind(known);
  known.task = async (id) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return read(id);
  };
  request.params.validators = [requester.node.ports.chain.account];
  const { chain, network: gossip } = requester.node.ports;
  const { taskId, terms } = await publishTask(
    // Not announced by this: the two messages below are the first that alice hears.
    { ...requester.node.ports, network: Object.assign(Object.create(gossip), { publish: async () => {} }) },
    request,
    request.terms.dimension!,
  );
  const announcement = {
    type: 'announcement' as const,
    chainId: chain.chainId,
    contract: chain.contract,
    taskId,
    terms: encodeTerms(terms),
    peerId: gossip.peerId,
  };
  const topic = topicOf('tasks', chain.chainId, chain.contract);
  const addresses = gossip.multiaddrs();
  await network.until(() => gossip.peers().length > 0);
  await Promise.all(
    [addresses, [...addresses, ...addresses]].map((multiaddrs) =>
      gossip.publish(topic, encodeMessage({ ...announcement, multiaddrs })),
    ),
  );
  await network.until(() => alice.events.some((e) => e.type === 'joined'));
  // A second attempt would be refused by the chain, and then take the task's files with it.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(alice.events.filter((e) => e.type === 'task-refused')).toEqual([]);
  await access(termsFile(taskId));
});

it('a join whose receipt never comes keeps its task on disk: it may have been mined', async () => {
  const { request, shards } = await smallTask(network, 1);
  const requester = await network.add('requester', { roles: [] });
  const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
  const { chain } = alice.node.ports;
  const join = chain.join.bind(chain);
  chain.join = async (...args) => {
    await join(...args);
    throw new ChorusError('E_CHAIN_UNREACHABLE', 'the transaction was not mined in time');
  };
  request.params.validators = [requester.node.ports.chain.account];
  const taskId = await requester.node.services.training.publish(request);
  await network.until(() => alice.events.some((e) => e.type === 'task-refused'));
  expect((await chain.task(taskId)).trainers).toEqual([chain.account]);
  await access(termsFile(taskId));
});

it('a task that an earlier attempt has joined already is followed', async () => {
  const { request, shards } = await smallTask(network, 1);
  const requester = await network.add('requester', { roles: [] });
  const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
  const { chain, network: gossip } = alice.node.ports;
  request.params.validators = [requester.node.ports.chain.account];
  const ports = requester.node.ports;
  const publish = ports.network.publish.bind(ports.network);
  ports.network.publish = async () => {};
  const { taskId, announce } = await publishTask(ports, request, request.terms.dimension!);
  ports.network.publish = publish;
  const { agentId } = await chain.registerIdentity('');
  await chain.depositStake(request.params.token, agentId, request.params.stake);
  const { agreement } = await chain.task(taskId);
  await chain.join(taskId, { agreement, agentId, roles: ['trainer'], peerId: gossip.peerId });
  await network.until(() => ports.network.peers().length > 0);
  await announce();
  await network.until(() => alice.events.some((e) => e.type === 'joined' || e.type === 'task-refused'));
  expect(alice.events.filter((e) => e.type === 'task-refused')).toEqual([]);
  await access(termsFile(taskId));
});
