import { encodeModel, GraphBuilder } from '@chorus/autodiff';
import { type Address, ChorusError } from '@chorus/protocol';
import type { NodeEvent, TaskRequest } from '@chorus/service-training';
import { buildModel, subset } from '@chorus/training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SMALL_DIMENSION, smallTask, TwinNetwork, type TwinNode } from './twins.ts';

let network: TwinNetwork;
beforeEach(async () => {
  network = await TwinNetwork.create();
});
afterEach(() => network.close());

const of = <T extends NodeEvent['type']>(node: TwinNode, type: T) =>
  node.events.filter((event): event is Extract<NodeEvent, { type: T }> => event.type === type);
const created = () => network.ledger.events.filter((event) => event.type === 'task-created').length;

/** As the admin API hands it over: the model is at the node, and known by its CID. */
async function outlineOf({ node }: TwinNode, { model, terms, params }: TaskRequest) {
  return { model: await node.ports.storage.put(model), terms, params };
}

/** A requester without a part in its task, whose validator need not exist. */
async function alone(change: Parameters<typeof smallTask>[2] = {}) {
  const { request } = await smallTask(network, 1, { rounds: 1, ...change });
  const requester = await network.add('requester', { roles: [] });
  request.params.validators = [requester.node.ports.chain.account];
  return { request, requester, outline: await outlineOf(requester, request) };
}

describe('a task that is published in the background', () => {
  it('is one task under one id, however often it is asked for, and over a restart', async () => {
    const { requester, outline } = await alone();
    const { publications } = requester.node.services.training;
    expect(publications.begin('once', outline)).toMatchObject({ state: 'check', taskId: null });
    expect(publications.begin('once', outline).id).toBe('once');
    await network.until(() => of(requester, 'published').length > 0);
    expect(publications.begin('once', outline)).toMatchObject({ state: 'published', taskId: 1n });
    await requester.restart();
    const again = requester.node.services.training.publications;
    expect(again.begin('once', outline)).toMatchObject({ state: 'published', taskId: 1n });
    const other = { ...outline, params: { ...outline.params, budget: 7n } };
    expect(() => again.begin('once', other)).toThrow(
      expect.objectContaining({ code: 'E_PUBLICATION_OTHER' }),
    );
    expect(created()).toBe(1);
    // The same task under another id is another task.
    again.begin('twice', outline);
    await network.until(() => created() === 2);
    expect(requester.node.ports.chain.account).toBe((await requester.node.ports.chain.task(2n)).owner);
  });

  it('is found again where the node died between sending it and learning of it', async () => {
    const { requester, outline } = await alone();
    const { chain } = requester.node.ports;
    const create = chain.createTask.bind(chain);
    chain.createTask = async (params) => {
      await create(params);
      void requester.node.close();
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the answer is lost with the process');
    };
    requester.node.services.training.publications.begin('once', outline);
    await network.until(() => requester.node.closing.aborted);
    await requester.restart();
    await network.until(() => of(requester, 'published').length > 0);
    expect(requester.node.services.training.publications.begin('once', outline)).toMatchObject({
      taskId: 1n,
      error: null,
    });
    expect(created()).toBe(1);
  });

  it('is found again by a client that asks after a lost answer, though the budget has left the wallet', async () => {
    const { requester, request } = await alone({ budget: 600_000n });
    const { chain } = requester.node.ports;
    const create = chain.createTask.bind(chain);
    chain.createTask = async (params) => {
      await create(params);
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the answer is lost');
    };
    for (const options of [{ id: 'once' }, {}]) {
      const taskId = BigInt(created() + 1);
      await expect(requester.node.services.training.publish(request, options)).rejects.toMatchObject({
        code: 'E_CHAIN_UNREACHABLE',
      });
      expect(await requester.node.services.training.publish(request, options)).toBe(taskId);
      network.ledger.mint(network.ledger.token, chain.account, 200_000n);
    }
    expect(created()).toBe(2);
  });

  it('of which the chain has not said yet is not paid for again', async () => {
    const { requester, outline } = await alone();
    const { chain } = requester.node.ports;
    const create = chain.createTask.bind(chain);
    let attempts = 0;
    chain.createTask = async (params) => {
      attempts++;
      setTimeout(() => void create(params), 1_500);
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the answer is late');
    };
    const { journal } = requester.node.services.training as unknown as {
      journal: { store: { transactions: { list: () => Promise<object[]> } } };
    };
    journal.store.transactions.list = async () => (created() > 0 ? [] : [{}]);
    requester.node.services.training.publications.begin('once', outline);
    await network.until(() => attempts === 1);
    expect(requester.node.services.training.publications.find('once')).toMatchObject({ state: 'escrow' });
    await network.until(() => of(requester, 'published').length > 0);
    expect([attempts, created()]).toEqual([1, 1]);
  });

  it('that was refused may be asked for again, and of one that never was nothing is known', async () => {
    const { requester, request } = await alone({ budget: 2_000_000n });
    const outline = await outlineOf(requester, request);
    const { publications } = requester.node.services.training;
    publications.begin('poor', outline);
    await network.until(() => of(requester, 'publication-failed').length > 0);
    const { state, error } = publications.find('poor');
    expect({ state, code: error?.code, facts: error?.facts }).toMatchObject({
      state: 'failed',
      code: 'E_TASK_BUDGET',
      facts: { budget: 2_000_000n, balance: 1_000_000n },
    });
    expect(() => publications.find('never')).toThrow(
      expect.objectContaining({ code: 'E_PUBLICATION_UNKNOWN' }),
    );
    network.ledger.mint(network.ledger.token, requester.node.ports.chain.account, 1_000_000n);
    publications.begin('poor', outline);
    await network.until(() => of(requester, 'published').length > 0);
    expect(publications.find('poor')).toMatchObject({ state: 'published', taskId: 1n });
  });
});

describe('before anything is escrowed', () => {
  /** y = x W, with a Floor that nothing flows back through. */
  function untrainable(): Uint8Array {
    const g = new GraphBuilder({ name: 'untrainable' });
    const x = g.input('x', 'float32', ['N', 4]);
    g.output(g.op('Floor', [x]), 'float32', ['N', 4]);
    return encodeModel(g.build());
  }

  /** y = x W, of which a weight is no number, and with an input more; what the round needs is all there. */
  function odd({ weight = 1, mask = false }): Uint8Array {
    const g = new GraphBuilder({ name: 'odd' });
    const x = g.input('x', 'float32', ['N', 49]);
    if (mask) g.input('mask', 'float32', ['N', 49]);
    const w = g.initializer('w', [49, 10], new Float32Array(490).fill(0.01).fill(weight, 5, 6));
    g.output(g.op('MatMul', [x, w]), 'float32', ['N', 10]);
    return encodeModel(g.build());
  }
  const without = (r: TaskRequest, model: Uint8Array) => {
    r.model = model;
    r.terms.dimension = undefined;
  };

  it.each<[string, string, (request: TaskRequest) => void]>([
    ['an input that no member has', 'E_MODEL_UNSUPPORTED', (r) => without(r, odd({ mask: true }))],
    ['a weight that is no number', 'E_MODEL_VALUE', (r) => without(r, odd({ weight: Number.NaN }))],
    ['weights whose loss is no number', 'E_MODEL_VALUE', (r) => without(r, odd({ weight: 3e38 }))],
    ['a scale that no update has units of', 'E_TASK_SCALE', (r) => (r.terms.scale = 2 ** 19)],
    ['a damaged model', 'E_MODEL_CORRUPT', (r) => (r.model = r.model.subarray(0, 500))],
    ['a model with nothing to train', 'E_MODEL', (r) => (r.model = untrainable())],
    ['a stated size that is not the model’s', 'E_TASK_MODEL', (r) => (r.terms.dimension = 7)],
    ['samples the model does not take', 'E_DATA_SHAPE', (r) => (r.terms.data.inputShape = [1, 14, 14])],
    ['more classes than the model has', 'E_DATA_LABEL', (r) => (r.terms.data.classes = 11)],
    ['samples of absurd size', 'E_DATA_SHAPE', (r) => (r.terms.data.inputShape = [65536, 65536, 65536])],
    ['terms out of bounds', 'E_TERMS_INVALID', (r) => (r.terms.batchSize = 0)],
    ['more than the wallet holds', 'E_TASK_BUDGET', (r) => (r.params.budget = 1_000_001n)],
    ['what the contract refuses', 'E_CHAIN_INVALID_PARAMS', (r) => (r.params.rounds = 5_000)],
  ])('%s is refused (%s)', async (_, code, spoil) => {
    const { request, requester } = await alone();
    spoil(request);
    await expect(requester.node.services.training.publish(request)).rejects.toMatchObject({
      code: expect.stringContaining(code),
    });
    expect(created()).toBe(0);
    const { chain } = requester.node.ports;
    expect(await chain.balance(network.ledger.token, chain.account)).toBe(1_000_000n);
  });

  it('a task whose announcement no node could read is refused', async () => {
    const { request, requester } = await alone();
    requester.node.ports.network.multiaddrs = () => [`/dns4/${'x'.repeat(300)}/tcp/1`];
    await expect(requester.node.services.training.publish(request)).rejects.toMatchObject({
      code: 'E_TERMS_INVALID',
    });
    expect(created()).toBe(0);
  });

  it('a task for which this node has no room is refused', async () => {
    const { request } = await smallTask(network, 1);
    const requester = await network.add('requester', { roles: [], limits: { disk: '1 kB' } });
    request.params.validators = [requester.node.ports.chain.account];
    await expect(requester.node.services.training.publish(request)).rejects.toMatchObject({
      code: 'E_LIMIT_DISK',
    });
  });
});

describe('a node’s own task', () => {
  it('is joined by it like any other, and comes to its end', async () => {
    const { request, shards, validation } = await smallTask(network, 2, { rounds: 1 });
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    // Of some classes only, as it reads its own files.
    const few = subset(
      shards[1]!,
      [...shards[1]!.labels.keys()].filter((i) => shards[1]!.labels[i]! < 9),
    );
    const bob = await network.add('bob', { roles: ['trainer'], data: { ...few, classes: 9 } });
    const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    request.params.validators = [victor.node.ports.chain.account];
    // The number of parameters is counted.
    const { dimension: _, ...terms } = request.terms;
    const taskId = await alice.node.services.training.publish({ ...request, terms });
    await network.until(() => network.nodes.every((node) => of(node, 'task-ended').length > 0));
    const task = await alice.node.ports.chain.task(taskId);
    expect(task.trainers).toContain(alice.node.ports.chain.account);
    expect(task.trainers).toContain(bob.node.ports.chain.account);
    expect(alice.node.services.training.journal.totals()[0]!.rewards).toBeGreaterThan(0n);
    expect(of(alice, 'task-ended')[0]).toMatchObject({ opensCommitment: true, modelCid: expect.any(String) });
  });

  it('is followed also where its own data is of another kind', async () => {
    const { request, shards, validation } = await smallTask(network, 1, { rounds: 1 });
    const odd = { ...shards[0]!, inputShape: [1, 14, 56] };
    const requester = await network.add('requester', { roles: ['trainer'], data: odd });
    await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    request.params.validators = [victor.node.ports.chain.account];
    await requester.node.services.training.publish(request);
    await network.until(() => of(requester, 'task-refused').length > 0);
    expect(of(requester, 'task-refused')[0]).toMatchObject({ code: 'E_TASK_DATA' });
    await network.until(() => of(requester, 'task-ended').length > 0);
    expect(of(requester, 'task-ended')[0]).toMatchObject({ opensCommitment: true });
  });

  it('that it cannot follow is ended before anybody works for it, and its budget comes back', async () => {
    const { request, requester } = await alone();
    const { chain, storage } = requester.node.ports;
    storage.get = async () => {
      throw new ChorusError('E_STORAGE_MALFORMED', 'the disk gives back something else');
    };
    const taskId = await requester.node.services.training.publish(request);
    await network.until(() => of(requester, 'task-ended').length > 0);
    expect(of(requester, 'task-cancelled')).toMatchObject([
      { taskId, refunded: 100_000n, code: 'E_STORAGE_MALFORMED' },
    ]);
    expect((await chain.task(taskId)).status).toBe('ended');
    expect(await chain.balance(network.ledger.token, chain.account)).toBe(1_000_000n);
  });

  it('that began before another node was there is announced to that one, once', async () => {
    const { request, shards, validation } = await smallTask(network, 1, { rounds: 2 });
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    request.params.validators = [victor.node.ports.chain.account];
    const taskId = await requester.node.services.training.publish(request);
    await network.until(() => of(alice, 'stage-started').length > 0);
    const late = await network.add('late', { roles: ['trainer'], data: shards[0]! });
    await network.until(() => of(late, 'task-refused').length > 0);
    expect(of(late, 'task-refused')).toMatchObject([{ taskId, code: 'E_TASK_NOT_OPEN' }]);
    expect(of(requester, 'task-refused')).toEqual([]);
  });

  it('for a list of accounts is joined by those on it alone, and nothing is staked by others', async () => {
    const { request, shards, validation } = await smallTask(network, 2, { rounds: 1, maxTrainers: 1 });
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    const mallory = await network.add('mallory', { roles: ['trainer'], data: shards[1]! });
    const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    const account = ({ node }: TwinNode) => node.ports.chain.account.toLowerCase() as Address;
    request.params.validators = [account(victor)];
    const allow = [account(alice), account(victor), `0x${'ff'.repeat(20)}` as Address].sort();
    const taskId = await requester.node.services.training.publish({
      ...request,
      terms: { ...request.terms, allow },
    });
    await network.until(() => of(mallory, 'task-refused').length > 0);
    expect(of(mallory, 'task-refused')[0]).toMatchObject({ code: 'E_TASK_NOT_ALLOWED' });
    await network.until(() => of(requester, 'task-ended').length > 0);
    const { chain } = mallory.node.ports;
    expect(await chain.balance(network.ledger.token, chain.account)).toBe(1_000_000n);
    expect((await chain.task(taskId)).trainers.map((each) => each.toLowerCase())).toEqual([account(alice)]);
  });

  it('takes validators that its list does not name, who then do not aggregate', async () => {
    const { request, shards, validation } = await smallTask(network, 1, { rounds: 1 });
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer', 'aggregator'], data: shards[0]! });
    const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    const [trainer, validator] = [alice, victor].map(
      ({ node }) => node.ports.chain.account.toLowerCase() as Address,
    );
    request.params.validators = [validator!];
    const taskId = await requester.node.services.training.publish({
      ...request,
      terms: { ...request.terms, allow: [trainer!] },
    });
    await network.until(() => of(victor, 'joined').length > 0 && of(alice, 'joined').length > 0);
    const task = await requester.node.ports.chain.task(taskId);
    expect(task.aggregators.map((each) => each.toLowerCase())).toEqual([trainer]);
    expect(task.activeValidators.map((each) => each.toLowerCase())).toEqual([validator]);
  });
});

describe('what a task did not pay', () => {
  it('goes back to its owner: of one that was cancelled, all of it, once', async () => {
    const { request, requester } = await alone();
    const { chain } = requester.node.ports;
    const taskId = await requester.node.services.training.publish(request);
    await expect(requester.node.services.training.refund(taskId)).rejects.toMatchObject({
      code: 'E_TASK_NOT_ENDED',
    });
    const other = await network.add('other', { roles: [] });
    await expect(other.node.services.training.refund(taskId, { cancel: true })).rejects.toMatchObject({
      code: 'E_TASK_NOT_OWNED',
    });
    expect(await requester.node.services.training.refund(taskId, { cancel: true })).toMatchObject({
      amount: 100_000n,
    });
    expect(await chain.balance(network.ledger.token, chain.account)).toBe(1_000_000n);
    await expect(requester.node.services.training.refund(taskId)).rejects.toMatchObject({
      code: 'E_CHAIN_NOTHING_TO_CLAIM',
    });
    // It is over for the node too, and nothing of it is taken up again.
    await network.until(() =>
      requester.node.services.training.journal.tasks().some(({ state }) => state === 'ended'),
    );
    expect(of(requester, 'warning')).toEqual([]);
    await expect(requester.node.services.training.refund(99n)).rejects.toMatchObject({
      code: 'E_CHAIN_UNKNOWN_TASK',
    });
  });
});

it('a model of one’s own with other samples is published and trained', async () => {
  const model = buildModel('mlp', { inputShape: [1, 7, 7], classes: 12, seed: 3 });
  const { request, shards, validation } = await smallTask(network, 1, { rounds: 1 });
  const requester = await network.add('requester', { roles: [] });
  const wide = (data: typeof validation) => ({ ...data, classes: 12 });
  await network.add('alice', { roles: ['trainer'], data: wide(shards[0]!) });
  const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: wide(validation) });
  request.params.validators = [victor.node.ports.chain.account];
  const { dimension: _, ...terms } = { ...request.terms, data: { ...request.terms.data, classes: 12 } };
  const taskId = await requester.node.services.training.publish({ model, terms, params: request.params });
  await network.until(() => of(requester, 'task-ended').length > 0);
  expect((await requester.node.ports.chain.task(taskId)).dimension).toBe(SMALL_DIMENSION + 2 * 33);
});
