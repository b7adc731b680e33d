import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WALLET_KEY_FILE, writeNewNodeKey } from '@chorus/node';
import {
  aggregateBytes,
  ChorusError,
  cidFromDigest,
  decodeFileKeyResponse,
  decodePayload,
  decodeSummaryResponse,
  encodeMessage,
  FILE_KEY_PROTOCOL,
  fromHex,
  MAX_SUMMARY_BYTES,
  PAYLOAD_HEADER_BYTES,
  payloadBytes,
  SUMMARY_PROTOCOL,
  topicOf,
} from '@chorus/protocol';
import { type NodeEvent, parseConfig, publishTask, startNode } from '@chorus/service-training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imprintModel } from '../../packages/training/src/testing/imprint-attack.ts';
import { models, SMALL_DIMENSION, smallTask, TwinNetwork } from './twins.ts';

let network: TwinNetwork;
beforeEach(async () => {
  network = await TwinNetwork.create();
});
afterEach(() => network.close());

const ended = (events: NodeEvent[]) => events.find((e) => e.type === 'task-ended');

/** Three trainers (the last one wrapped or attacking as told), a validator that also aggregates, a requester. */
async function runTask(last: Parameters<TwinNetwork['add']>[1] = { roles: ['trainer'] }, rounds = 2) {
  const { request, shards, validation } = await smallTask(network, 3, { rounds });
  const requester = await network.add('requester', { roles: [] });
  await network.add('alice', { roles: ['trainer'], data: shards[0]! });
  await network.add('bob', { roles: ['trainer'], data: shards[1]! });
  await network.add('carol', { data: shards[2]!, ...last });
  const validator = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
  request.params.validators = [validator.node.ports.chain.account];
  const taskId = await requester.node.services.training.publish(request);
  return { taskId, requester, validator };
}

/** A valid payload with its first entry changed. */
function withOtherEntry(payload: Uint8Array): Uint8Array {
  const changed = payload.slice();
  const view = new DataView(changed.buffer);
  view.setInt16(PAYLOAD_HEADER_BYTES, view.getInt16(PAYLOAD_HEADER_BYTES, true) === 5 ? 6 : 5, true);
  return changed;
}

describe('a round on the ports in memory', () => {
  it('is found by gossip, trained, settled and paid; all nodes compute the same model', async () => {
    const { taskId, requester } = await runTask();
    await network.until(() => network.nodes.every((n) => ended(n.events)));

    for (const round of [1, 2]) {
      const digests = network.nodes.map(
        (n) => n.events.flatMap((e) => (e.type === 'model' && e.round === round ? [e.digest] : []))[0],
      );
      expect(new Set(digests).size).toBe(1);
      expect(digests[0]).toMatch(/^0x[0-9a-f]{64}$/);
    }
    expect(await requester.node.services.training.opensCommitment(taskId)).toBe(true);

    const { chain } = requester.node.ports;
    const task = await chain.task(taskId);
    const settled = await Promise.all([1, 2].map((round) => chain.settledRound(taskId, round)));
    const spent = settled.reduce(
      (sum, s) =>
        sum + s!.rewards.reduce((a, b) => a + b, 0n) + s!.protocolFee + s!.aggregatorFee + s!.validatorFee,
      0n,
    );
    expect(spent + task.remaining).toBe(task.budget);
    // The reward is in the wallet, not only claimable.
    for (const name of ['alice', 'bob', 'carol']) {
      const { node } = network.nodes.find((n) => n.name === name)!;
      expect(await chain.balance(task.token, node.ports.chain.account)).toBeGreaterThan(1_000_000n);
    }
  });

  it('is trained with the noise that the terms ask for; what it told of the data is recorded by each', async () => {
    const { request, shards, validation } = await smallTask(network, 2, { rounds: 1, maxTrainers: 1 });
    const privacy = { clip: 3_000, noiseMultiplier: 500 };
    Object.assign(request.terms, {
      privacy,
      batchSize: 30,
      localEpochs: 4,
      referenceEpochs: 8,
      learningRate: 0.5,
    });
    const requester = await network.add('requester', { roles: [] });
    const careful = await network.add('careful', {
      roles: ['trainer'],
      data: shards[0]!,
      privacy: { minNoise: 1 },
    });
    const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    request.params.validators = [victor.node.ports.chain.account];
    const taskId = await requester.node.services.training.publish(request);
    const refused = (event: NodeEvent) => event.type === 'task-refused' && event.code === 'E_LIMIT_NOISE';
    await network.until(() => careful.events.some(refused));
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[1]! });
    await network.until(() => [alice, victor].every(({ events }) => ended(events)));

    // Whether the noisy update earns something is chance; that its payload was there and checked is not.
    expect(await requester.node.ports.chain.settledRound(taskId, 1)).toMatchObject({ unavailable: [] });
    const step = { data: shards[1]!.name, taskId, noiseMultiplier: 0.5, sampleRate: 0.5, trainings: 1 };
    expect(alice.node.services.training.journal.dataUses()).toEqual([{ ...step, steps: 8 }]);
    expect(victor.node.services.training.journal.dataUses()).toEqual([{ ...step, steps: 16 }]);
    expect(careful.node.services.training.journal.dataUses()).toEqual([]);
  });

  it('leaves out an update that does not open its commitment, and says so', async () => {
    const { taskId, requester, validator } = await runTask({
      roles: ['trainer'],
      // Commits to its vector, but to the digest of another payload, and serves that one.
      wrapStorage: (storage) =>
        new Proxy(storage, {
          get(target, property) {
            if (property === 'cidOf' || property === 'put') {
              return (bytes: Uint8Array) => target[property](withOtherEntry(bytes));
            }
            const value = Reflect.get(target, property, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
    });
    await network.until(() => ended(validator.events) !== undefined);
    expect(validator.events).toContainEqual(
      expect.objectContaining({ type: 'payload-refused', code: 'E_PAYLOAD_MISMATCH', round: 1 }),
    );
    const settled = await requester.node.ports.chain.settledRound(taskId, 1);
    const index = (await requester.node.ports.chain.task(taskId)).trainers.indexOf(
      network.nodes.find((n) => n.name === 'carol')!.node.ports.chain.account,
    );
    expect(settled!.unavailable).toEqual([index]);
    expect(settled!.rewards[index]).toBe(0n);
  });

  it('gives back stake and reward to a trainer that can no longer compute the model', async () => {
    const { taskId, requester } = await runTask(
      {
        roles: ['trainer'],
        // Gets the model, but no aggregate of a round.
        wrapStorage: (storage) =>
          new Proxy(storage, {
            get(target, property) {
              if (property === 'get') {
                return (cid: string, options: Parameters<typeof target.get>[1]) =>
                  options.maxBytes === aggregateBytes(SMALL_DIMENSION)
                    ? Promise.reject(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'))
                    : target.get(cid, options);
              }
              const value = Reflect.get(target, property, target);
              return typeof value === 'function' ? value.bind(target) : value;
            },
          }),
      },
      1,
    );
    const carol = network.nodes.find((n) => n.name === 'carol')!;
    await network.until(() => ended(carol.events) !== undefined);
    expect(ended(carol.events)).toMatchObject({ opensCommitment: false });
    const { chain } = requester.node.ports;
    const settled = await chain.settledRound(taskId, 1);
    const index = (await chain.task(taskId)).trainers.indexOf(carol.node.ports.chain.account);
    expect(settled!.rewards[index]).toBeGreaterThan(0n);
    // The stake is free again behind the identity; what was earned is in the wallet.
    const { ports } = carol.node;
    const agentId = await ports.chain.identity();
    await network.until(() => network.ledger.stakes.pool(network.ledger.token, agentId!).free > 0n);
    const staked = (await chain.stake(network.ledger.token, agentId!)).free;
    expect(staked).toBe(100n);
    expect(await chain.balance(network.ledger.token, ports.chain.account)).toBe(
      1_000_000n - staked + settled!.rewards[index]!,
    );
  });

  it('goes on among malformed, mislabelled and false gossip, which is not passed on', async () => {
    const { request, shards } = await smallTask(network, 1);
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer', 'aggregator'], data: shards[0]! });
    const mallory = network.hub.create();
    await mallory.connect(requester.network.multiaddrs()[0]!);
    const bystander = network.hub.create();
    const heard: string[] = [];
    const { chainId, contract } = requester.node.ports.chain;
    bystander.subscribe(topicOf('tasks', chainId, contract), ({ from }) => {
      heard.push(from);
      return 'accept';
    });
    await bystander.connect(requester.network.multiaddrs()[0]!);
    const tasks = topicOf('tasks', chainId, contract);
    await mallory.publish(tasks, new Uint8Array([0xff, 0x00]));
    const announcement = {
      type: 'announcement' as const,
      chainId,
      contract,
      taskId: 1n,
      terms: new Uint8Array(10),
      multiaddrs: [],
    };
    // In another's name, and for a task that does not exist.
    await mallory.publish(tasks, encodeMessage({ ...announcement, peerId: alice.network.peerId }));
    await mallory.publish(tasks, encodeMessage({ ...announcement, peerId: mallory.peerId }));
    expect(heard).toEqual([]);

    const validator = await network.add('victor', { roles: ['validator'], data: shards[0]! });
    request.params.validators = [validator.node.ports.chain.account];
    await requester.node.services.training.publish(request);
    await network.until(() => ended(alice.events) !== undefined);
  });

  it('is not joined with private data for a model that could be made to carry samples, unless its owner allows any', async () => {
    const { request, shards } = await smallTask(network, 1, { rounds: 1 });
    const { inputShape, classes } = shards[0]!;
    const thresholds = [10, 50, 90, 130];
    const { model } = imprintModel({ thresholds, inputShape, classes });
    const terms = { ...request.terms, dimension: undefined };
    const requester = await network.add('requester', { roles: [] });
    const data = shards[0]!;
    const careful = await network.add('careful', { roles: ['trainer'], data, privacy: { models: 'known' } });
    const trusting = await network.add('trusting', { roles: ['trainer'], data });
    request.params.validators = [requester.node.ports.chain.account];
    await requester.node.services.training.publish({ ...request, model, terms });
    await network.until(
      () =>
        careful.events.some(({ type }) => type === 'task-refused') &&
        trusting.events.some(({ type }) => type === 'joined'),
    );
    expect(careful.events).toContainEqual(
      expect.objectContaining({ code: 'E_MODEL_PRIVACY', hint: expect.stringContaining('privacy.models') }),
    );
  });

  it('is not joined for a corrupt model: nothing is staked on it', async () => {
    const { request, shards } = await smallTask(network, 1);
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    request.model = request.model.subarray(0, request.model.length / 2);
    request.params.validators = [requester.node.ports.chain.account];
    await expect(requester.node.services.training.publish(request)).rejects.toMatchObject({
      code: 'E_MODEL_CORRUPT',
    });
    // A requester that does not care publishes it all the same.
    const { announce } = await publishTask(requester.node.ports, request, request.terms.dimension!);
    await announce();
    await network.until(() => alice.events.some((e) => e.type === 'task-refused'));
    const { chain } = alice.node.ports;
    expect(await chain.balance(network.ledger.token, chain.account)).toBe(1_000_000n);
    expect((await chain.task(1n)).trainers).toEqual([]);
  });

  it('is not joined with data of another shape, or for more stake than allowed', async () => {
    const { request, shards } = await smallTask(network, 1, { stake: 10n ** 28n });
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    const odd = { ...shards[0]!, inputShape: [1, 14, 56] };
    const bob = await network.add('bob', { roles: ['trainer'], data: odd });
    request.params.validators = [requester.node.ports.chain.account];
    await requester.node.services.training.publish(request);
    const reason = (events: NodeEvent[]) =>
      events.flatMap((e) => (e.type === 'task-refused' ? [e.code] : []))[0];
    await network.until(() => reason(alice.events) !== undefined && reason(bob.events) !== undefined);
    expect(reason(alice.events)).toContain('E_TASK_STAKE');

    const fair = await smallTask(network, 1);
    fair.request.params.validators = [requester.node.ports.chain.account];
    await requester.node.services.training.publish(fair.request);
    await network.until(() => bob.events.filter((e) => e.type === 'task-refused').length === 2);
    expect(bob.events.flatMap((e) => (e.type === 'task-refused' ? [e.code] : []))[1]).toContain(
      'E_TASK_DATA',
    );
  });
});

describe('a round with sealed payloads', () => {
  it('tells a stranger and other trainers no update; all compute the same model, also one that was away', async () => {
    const { request, shards, validations } = await smallTask(
      network,
      3,
      { rounds: 2, minTrainers: 3 },
      { validators: 3, rule: 'reference-projection', sealed: true },
    );
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    await network.add('bob', { roles: ['trainer'], data: shards[1]! });
    const victors = [];
    for (const [i, data] of validations.entries()) {
      // The third alone may aggregate: no round is settled without it.
      const roles = i === 2 ? (['validator', 'aggregator'] as const) : (['validator'] as const);
      victors.push(await network.add(`victor-${i + 1}`, { roles: [...roles], data }));
    }
    const third = victors[2]!;
    request.params.validators = victors.map(({ node }) => node.ports.chain.account);
    // Carol seals her updates to the validators, but for the third.
    const elsewhere = (await writeNewNodeKey(network.folder)).peerId;
    const carol = await network.add('carol', {
      roles: ['trainer'],
      data: shards[2]!,
      wrapChain: (chain) =>
        new Proxy(chain, {
          get(target, property) {
            if (property === 'members') {
              return async (taskId: bigint) =>
                (await target.members(taskId)).map((member) =>
                  member.peerId === third.network.peerId ? { ...member, peerId: elsewhere } : member,
                );
            }
            const value = Reflect.get(target, property, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
    });
    const taskId = await requester.node.services.training.publish(request);
    const has = (events: NodeEvent[], round: number) =>
      events.some((e) => e.type === 'model' && e.round === round);
    await network.until(() => has(alice.events, 1));
    await alice.restart();
    await network.until(() => network.nodes.every((n) => ended(n.events)));

    for (const round of [1, 2]) {
      const digests = network.nodes.map(
        (n) => n.events.flatMap((e) => (e.type === 'model' && e.round === round ? [e.digest] : []))[0],
      );
      expect(new Set(digests).size).toBe(1);
    }
    expect(await requester.node.services.training.opensCommitment(taskId)).toBe(true);

    const { chain } = requester.node.ports;
    const [task, round, settled] = await Promise.all([
      chain.task(taskId),
      chain.round(taskId, 2),
      chain.settledRound(taskId, 2),
    ]);
    // The one that Carol sealed out got the key from the others.
    expect(settled).toMatchObject({ unavailable: [], rejected: [] });
    const paid = task.trainers.indexOf(carol.node.ports.chain.account);
    expect(settled!.shares[paid]).toBeGreaterThan(0);

    const stranger = network.hub.create();
    await stranger.connect(requester.network.multiaddrs()[0]!);
    const files = network.swarm.create();
    const sealed = [
      ...round.updates.map((update, i) => ({ kind: 'update' as const, author: task.trainers[i]!, update })),
      ...round.references.map(({ validator, opened }) => ({
        kind: 'reference' as const,
        author: validator,
        update: opened,
      })),
    ];
    const ask = async (protocol: string, message: Parameters<typeof encodeMessage>[0]) => {
      await stranger.connect(third.network.multiaddrs()[0]!);
      return stranger.request(third.network.peerId, protocol, encodeMessage(message), {
        timeoutMs: 5_000,
        maxResponseBytes: MAX_SUMMARY_BYTES,
      });
    };
    for (const { kind, author, update } of sealed) {
      const { dimension } = task;
      const bytes = await files.get(cidFromDigest(update!.digest, dimension), {
        maxBytes: 2 * payloadBytes(dimension),
        timeoutMs: 5_000,
      });
      expect(new TextDecoder().decode(bytes.subarray(0, 21))).toBe('age-encryption.org/v1');
      expect(() => decodePayload(bytes, { kind, taskId, round: 2, author, dimension })).toThrow();
      // All entries of an update are small: where it lay open, every other byte or so would be the same.
      expect(new Set(bytes.subarray(-4096)).size).toBeGreaterThan(200);
      const told = decodeFileKeyResponse(
        await ask(FILE_KEY_PROTOCOL, { taskId, digest: fromHex(update!.digest) }),
      );
      expect(told).toHaveProperty('refused');
      // No member has taken a payload that is not to check it: not the requester, and not Alice, who was away.
      for (const { node, name } of [requester, alice]) {
        const own = author === node.ports.chain.account;
        expect(await node.ports.storage.has(cidFromDigest(update!.digest, dimension)), name).toBe(own);
      }
    }
    // What everybody gets: the aggregate and the matrix, checked against the chain.
    const summary = decodeSummaryResponse(await ask(SUMMARY_PROTOCOL, { taskId, round: 2 }));
    expect(summary).toMatchObject({ aggregate: expect.any(Uint8Array), gram: expect.any(Array) });
    for (const { node, network: each } of network.nodes) {
      expect(each.blamed).toEqual([]);
      expect(node.services.training.journal.summary(taskId, 2)).toEqual(summary);
    }
  });
});

describe('a requester', () => {
  it('keeps the models of its last four tasks to evaluate, and lets go of those before', async () => {
    const { request, shards, validation } = await smallTask(network, 1, { rounds: 1 });
    const requester = await network.add('requester', { roles: [] });
    await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    const validator = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    request.params.validators = [validator.node.ports.chain.account];
    const open: number[] = [];
    const tasks: bigint[] = [];
    for (let count = 1; count <= 6; count++) {
      tasks.push(await requester.node.services.training.publish(request));
      await network.until(
        () => network.nodes.every((n) => n.events.filter((e) => e.type === 'task-ended').length === count),
        60_000,
      );
      const kept = tasks.slice(-4);
      await network.until(() => {
        const followed = network.nodes.flatMap(({ node }) =>
          node.services.training.followed().map((each) => each.taskId),
        );
        return followed.join() === kept.join();
      });
      await new Promise((resolve) => setTimeout(resolve, 200));
      open.push(models.inUse);
    }
    expect(open[3]).toBe(open[0]! + 3);
    expect(open.slice(4)).toEqual([open[3], open[3]]);
    expect(await requester.node.services.training.evaluate(tasks[2]!, validation)).toMatchObject({
      count: validation.count,
    });
    await expect(requester.node.services.training.evaluate(tasks[1]!, validation)).rejects.toMatchObject({
      code: 'E_TASK_UNKNOWN',
    });
  });
});

describe('starting a node', () => {
  it.each([
    ['an unreadable data folder', { data: '/nowhere/at/all' }, 'E_DATA_UNREADABLE'],
    ['no data for a trainer', {}, 'E_DATA_MISSING'],
  ])('fails with a clear error for %s', async (_, change, code) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'chorus-node-'));
    try {
      await writeFile(join(dataDir, WALLET_KEY_FILE), `0x${'1'.repeat(64)}`);
      const config = parseConfig(
        {
          dataDir,
          roles: ['trainer'],
          chain: { url: 'http://127.0.0.1:1', contract: `0x${'1'.repeat(40)}` },
          ...change,
        },
        'test',
      );
      await expect(startNode(config, () => {})).rejects.toMatchObject({ code });
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('fails with a clear error without a wallet', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'chorus-node-'));
    const config = parseConfig(
      { dataDir, roles: [], chain: { url: 'http://127.0.0.1:1', contract: `0x${'1'.repeat(40)}` } },
      'test',
    );
    await expect(startNode(config, () => {})).rejects.toMatchObject({ code: 'E_WALLET_MISSING' });
    await rm(dataDir, { recursive: true, force: true });
  });

  it('names the field of a configuration that is wrong', () => {
    expect(() => parseConfig({ dataDir: 'x', roles: ['king'], chain: {} }, 'test')).toThrow(
      expect.objectContaining({ code: 'E_CONFIG' }),
    );
  });
});
