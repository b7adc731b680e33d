import type { ChainEvent, StoragePort } from '@chorus/protocol';
import type { NodeEvent } from '@chorus/service-training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { smallTask, TwinNetwork } from './twins.ts';

let network: TwinNetwork;
beforeEach(async () => {
  network = await TwinNetwork.create();
});
afterEach(() => network.close());

const ended = (events: NodeEvent[]) => events.some((e) => e.type === 'task-ended');
const told = <T extends ChainEvent['type']>(type: T) =>
  network.ledger.events.filter((e): e is ChainEvent & { type: T } => e.type === type);

/** Payloads of this kind are not given to anybody while `when` is true. */
function withholding(kind: 'update' | 'reference', when: () => boolean) {
  const isOfKind = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes.subarray(0, 4)) === 'CHRU' && bytes[5] === (kind === 'update' ? 0 : 1);
  return (storage: StoragePort): StoragePort =>
    new Proxy(storage, {
      get(target, property) {
        if (property === 'put') {
          return (bytes: Uint8Array) => (isOfKind(bytes) && when() ? target.cidOf(bytes) : target.put(bytes));
        }
        const value = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
}

/** Two trainers, two validators, an aggregator of its own, and a requester. */
async function runTask(wraps: Record<string, (storage: StoragePort) => StoragePort>) {
  const { request, shards, validation } = await smallTask(network, 2, {
    rounds: 2,
    settleSeconds: 8,
    stake: 1_000n,
    minValidators: 1,
    stagnationBps: 5_000,
  });
  const requester = await network.add('requester', { roles: [] });
  const add = async (name: string, roles: ('trainer' | 'validator' | 'aggregator')[], data = validation) => {
    const wrapStorage = wraps[name];
    return network.add(name, { roles, data, ...(wrapStorage ? { wrapStorage } : {}) });
  };
  await add('alice', ['trainer'], shards[0]!);
  await add('bob', ['trainer'], shards[1]!);
  const validators = [await add('victor', ['validator']), await add('vera', ['validator'])];
  await add('arthur', ['aggregator']);
  request.params.validators = validators.map((v) => v.node.ports.chain.account);
  const taskId = await requester.node.services.training.publish(request);
  const accountOf = (name: string) => network.nodes.find((n) => n.name === name)!.node.ports.chain.account;
  return { taskId, chain: requester.node.ports.chain, accountOf };
}

describe('a round with members that withhold', () => {
  it('does without a reference that is opened and given to no one: it is rejected, unpaid and slashed', async () => {
    const { taskId, chain, accountOf } = await runTask({ vera: withholding('reference', () => true) });
    await network.until(() => told('round-settled').length > 0);
    const task = await chain.task(taskId);
    const settled = (await chain.settledRound(taskId, 1))!;
    const vera = task.validators.indexOf(accountOf('vera'));
    expect(settled.rejected).toEqual([vera]);
    expect(settled.rewards.every((reward) => reward > 0n)).toBe(true);
    // The fee is not parted with her, and what she lost is burned: these terms leave no one a gain.
    expect(await chain.claimable(task.token, accountOf('vera'), [])).toBe(0n);
    expect(settled.validatorFee).toBe((settled.budget * 200n) / 10_000n);
    expect(told('slashed')[0]).toMatchObject({
      member: accountOf('vera'),
      offence: 'rejected-reference',
      toTask: 0n,
    });
    expect(await chain.balance(task.token, '0x000000000000000000000000000000000000dEaD')).toBe(200n);
  });

  it('leaves out a trainer whose payload is unavailable; shown in time, it costs the trainer nothing more', async () => {
    let withhold = true;
    const { taskId, chain, accountOf } = await runTask({ bob: withholding('update', () => withhold) });
    await network.until(() => told('case-opened').length > 0);
    withhold = false;
    const settled = (await chain.settledRound(taskId, 1))!;
    const bob = (await chain.task(taskId)).trainers.indexOf(accountOf('bob'));
    expect(settled.unavailable).toEqual([bob]);
    expect(settled.rewards[bob]).toBe(0n);
    await network.until(() => told('case-resolved').length > 0);
    expect(told('case-resolved')[0]).toMatchObject({ trainer: accountOf('bob'), available: true });
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    expect(told('slashed')).toEqual([]);
    const agentId = (await chain.members(taskId)).find((m) => m.address === accountOf('bob'))!.agentId;
    await network.until(() => network.ledger.stakes.pool(network.ledger.token, agentId).free === 1_000n);
    // In the second round it was available, and was paid.
    expect((await chain.settledRound(taskId, 2))!.rewards[bob]).toBeGreaterThan(0n);
  });

  it('whose trainer has left the task since, and was restarted, is defended all the same', async () => {
    let withhold = true;
    const { taskId, chain, accountOf } = await runTask({ bob: withholding('update', () => withhold) });
    const bob = network.nodes.find((n) => n.name === 'bob')!;
    await network.until(() => bob.events.some((e) => e.type === 'committed'));
    expect(await bob.node.services.training.leave(taskId)).toMatchObject({ member: true });
    await network.until(() => told('case-opened').length > 0);
    await bob.restart();
    await network.until(() =>
      bob.node.services.training.followed().some(({ left, terms }) => left && terms === null),
    );
    expect(told('case-resolved')).toEqual([]);
    withhold = false;
    await network.until(() => told('case-resolved').length > 0);
    expect(told('case-resolved')[0]).toMatchObject({ trainer: accountOf('bob'), available: true });
    // Not only once the task was over: it goes on without this trainer.
    expect(await chain.task(taskId)).toMatchObject({ status: 'running', openCases: 0 });
    expect(told('slashed')).toEqual([]);
  });

  it('measures its losses, and a round that made the model better releases the whole pool', async () => {
    const { taskId, chain } = await runTask({});
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    const settled = (await chain.settledRound(taskId, 1))!;
    expect(settled.lossBefore).toBeGreaterThan(1_000_000n);
    expect(settled.lossAfter).toBeLessThan(settled.lossBefore);
    const { budget, pool, protocolFee, aggregatorFee } = settled;
    expect(pool).toBe(budget - protocolFee - aggregatorFee - (budget * 200n) / 10_000n);
    // The second round began from the model the first one ended with.
    expect((await chain.settledRound(taskId, 2))!.lossBefore).toBe(settled.lossAfter);
  });
});
