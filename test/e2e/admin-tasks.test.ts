import type { NodeEvent } from '@chorus/service-training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { smallTask, TwinNetwork, type TwinNode } from './twins.ts';

let network: TwinNetwork;
beforeEach(async () => {
  network = await TwinNetwork.create();
});
afterEach(() => network.close());

const of = <T extends NodeEvent['type']>(node: TwinNode, type: T) =>
  node.events.filter((event): event is Extract<NodeEvent, { type: T }> => event.type === type);

/** A stretch of the day that begins in two hours and is over in three: now is not in it. */
function notNow(): string {
  const clock = (hours: number) => `${String((new Date().getHours() + hours) % 24).padStart(2, '0')}:00`;
  return `${clock(2)}-${clock(3)}`;
}

/** A requester, a validator that aggregates, and a trainer that keeps the task going. */
async function setUp(change: Parameters<typeof smallTask>[2] = {}) {
  const { request, shards, validation } = await smallTask(network, 2, {
    rounds: 3,
    commitSeconds: 6,
    ...change,
  });
  const requester = await network.add('requester', { roles: [] });
  const victor = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
  const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
  request.params.validators = [victor.node.ports.chain.account];
  return { request, requester, victor, alice, shards };
}

describe('what a contributor allows', () => {
  it('decides what is joined, and what to change is said', async () => {
    const { request, shards } = await smallTask(network, 3);
    const requester = await network.add('requester', { roles: [] });
    request.params.validators = [requester.node.ports.chain.account];
    const bounds: [string, string, object][] = [
      ['hours', 'E_LIMIT_HOURS', { hours: [notNow()] }],
      ['poor', 'E_LIMIT_REWARD', { tasks: { minReward: '1000000' } }],
      ['small', 'E_LIMIT_MEMORY', { memory: '250 MB' }],
      ['thrifty', 'E_LIMIT_STAKE_TOTAL', { stake: { total: '99' } }],
      // Two rounds take minutes; what may hold the stake up is disputes of an hour.
      ['hasty', 'E_LIMIT_DURATION', { tasks: { maxSeconds: 3_600 } }],
      ['choosy', 'E_LIMIT_TOKEN', { stake: { onlyListed: true } }],
    ];
    const nodes: { code: string; node: TwinNode }[] = [];
    for (const [name, code, limits] of bounds) {
      nodes.push({ code, node: await network.add(name, { roles: ['trainer'], data: shards[1]!, limits }) });
    }
    const taskId = await requester.node.services.training.publish(request);
    await network.until(() => nodes.every(({ node }) => of(node, 'task-refused').length > 0));
    for (const { code, node } of nodes) {
      const [refused] = of(node, 'task-refused');
      expect(refused).toMatchObject({ taskId, code });
      expect(refused!.hint).toMatch(/(limits|training)\./);
      const { chain } = node.node.ports;
      expect(await chain.balance(network.ledger.token, chain.account)).toBe(1_000_000n);
      // By hand it is the same rule.
      expect(await node.node.services.training.join(taskId)).toMatchObject({
        outcome: 'refused',
        error: { code },
      });
    }
  });

  it('is reported while the node accepts nothing new', async () => {
    const { node } = await network.add('night', { roles: [], limits: { hours: [notNow()] } });
    expect(node.resources.pauses()).toMatchObject([{ code: 'E_LIMIT_HOURS' }]);
    expect(node.resources.withinHours()).toBe(false);
  });
});

describe('a task that is left', () => {
  it('is worked for no more, and its stake comes back at its end, over a restart', async () => {
    const { request, requester, alice, shards } = await setUp();
    const bob = await network.add('bob', { roles: ['trainer'], data: shards[1]! });
    const taskId = await requester.node.services.training.publish(request);
    await network.until(() => of(bob, 'committed').length === 1);
    const { chain } = bob.node.ports;
    const stake = bob.node.services.training.budget.stakeIn(taskId);
    expect(stake).toBe(request.params.stake);
    expect(await bob.node.services.training.leave(taskId)).toEqual({ member: true, stake });
    expect(of(bob, 'left')).toHaveLength(1);

    // What was committed is still provided: the round counts it.
    await network.until(() => of(alice, 'round-ended').length > 0);
    const first = await requester.node.ports.chain.settledRound(taskId, 1);
    expect(first!.unavailable).toEqual([]);
    const task = await requester.node.ports.chain.task(taskId);
    const index = task.trainers.indexOf(chain.account);
    expect(first!.rewards[index]).toBeGreaterThan(0n);

    await network.until(() =>
      bob.node.services.training.followed().some(({ left, terms }) => left && terms === null),
    );
    await bob.restart();
    await network.until(() => bob.node.services.training.followed().some(({ left }) => left));
    await network.until(() => of(bob, 'task-ended').length > 0);
    expect(of(bob, 'committed')).toHaveLength(1);
    expect(of(bob, 'task-ended')[0]).toMatchObject({ taskId, left: true });
    expect(bob.node.services.training.budget.staked().size).toBe(0);
    expect((await chain.memberAccount(taskId, chain.account))!.released).toBe(true);
    const second = await requester.node.ports.chain.round(taskId, 2);
    expect(second.updates[index]).toBeNull();
  });

  it('is not joined in the first place, until its owner says otherwise', async () => {
    const { request, requester, shards } = await setUp({ joinSeconds: 20 });
    const bob = await network.add('bob', { roles: ['trainer'], data: shards[1]! });
    const next = 1n;
    expect(await bob.node.services.training.leave(next)).toEqual({ member: false, stake: 0n });
    expect(await requester.node.services.training.publish(request)).toBe(next);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(of(bob, 'joined')).toEqual([]);
    expect(await bob.node.services.training.join(next)).toEqual({ outcome: 'joined' });
    expect(await bob.node.services.training.join(next)).toEqual({ outcome: 'followed' });
    expect(of(bob, 'joined')).toHaveLength(1);
  });

  it('is not taken up again once it is on chain', async () => {
    const { request, requester, shards } = await setUp();
    const bob = await network.add('bob', { roles: ['trainer'], data: shards[1]! });
    const taskId = await requester.node.services.training.publish(request);
    await network.until(() => of(bob, 'committed').length === 1);
    await bob.node.services.training.leave(taskId);
    await network.until(() =>
      bob.node.services.training.followed().some(({ left, terms }) => left && terms === null),
    );
    await expect(bob.node.services.training.join(taskId)).rejects.toMatchObject({ code: 'E_TASK_LEFT' });
    await network.until(() => of(bob, 'task-ended').length > 0);
    expect(of(bob, 'committed')).toHaveLength(1);
    expect(of(bob, 'task-ended')[0]).toMatchObject({ left: true });
  });

  it('cannot be the requester’s own', async () => {
    const { request, requester } = await setUp();
    const taskId = await requester.node.services.training.publish(request);
    await network.until(() => requester.node.services.training.followed().some(({ task }) => task !== null));
    await expect(requester.node.services.training.leave(taskId)).rejects.toMatchObject({
      code: 'E_TASK_OWNER',
    });
  });

  it('that is closed to members is not joined by hand', async () => {
    const { request, requester, alice } = await setUp({ rounds: 1, maxTrainers: 1 });
    const taskId = await requester.node.services.training.publish(request);
    await network.until(() => of(alice, 'task-ended').length > 0);
    const late = await network.add('late', { roles: ['trainer'] });
    await expect(late.node.services.training.join(taskId)).rejects.toMatchObject({ code: 'E_TASK_NOT_OPEN' });
    await expect(late.node.services.training.join(99n)).rejects.toMatchObject({
      code: 'E_CHAIN_UNKNOWN_TASK',
    });
  });
});
