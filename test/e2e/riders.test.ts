import { SHARE_ONE } from '@chorus/protocol';
import type { NodeEvent } from '@chorus/service-training';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { smallTask, TwinNetwork } from './twins.ts';

let network: TwinNetwork;
beforeEach(async () => {
  network = await TwinNetwork.create();
});
afterEach(() => network.close());

const ended = (events: NodeEvent[]) => events.find((e) => e.type === 'task-ended');
const ROUNDS = 4;

/**
 * Two honest trainers, one that sends the last round's references instead of training, and three validators, one of
 * which is started again in the middle.
 * @returns the rider's part of what each round paid its trainers
 */
async function ridersParts(): Promise<number[]> {
  const { request, shards, validations } = await smallTask(
    network,
    3,
    { rounds: ROUNDS, minTrainers: 3, minValidators: 3 },
    { validators: 3, rule: 'reference-projection' },
  );
  const requester = await network.add('requester', { roles: [] });
  await network.add('alice', { roles: ['trainer'], data: shards[0]! });
  await network.add('bob', { roles: ['trainer'], data: shards[1]! });
  const rider = await network.add('rider', {
    roles: ['trainer'],
    data: shards[2]!,
    attack: 'replay-reference',
  });
  for (const [i, data] of validations.entries()) {
    const validator = await network.add(`validator-${i + 1}`, { roles: ['validator', 'aggregator'], data });
    request.params.validators.push(validator.node.ports.chain.account);
  }
  const taskId = await requester.node.services.training.publish(request);
  const { chain } = requester.node.ports;
  const third = network.nodes.find((n) => n.name === 'validator-3')!;
  await network.until(() => third.events.some((e) => e.type === 'model' && e.round === 2), 120_000);
  await third.restart();
  await network.until(() => network.nodes.every((n) => ended(n.events)), 240_000);
  expect(await requester.node.services.training.opensCommitment(taskId)).toBe(true);
  const task = await chain.task(taskId);
  const index = task.trainers.indexOf(rider.node.ports.chain.account);
  const settled = await Promise.all(
    Array.from({ length: ROUNDS }, (_, i) => chain.settledRound(taskId, i + 1)),
  );
  expect(settled.every((round) => round !== null)).toBe(true);
  return settled.map((round) => round!.shares[index]! / SHARE_ONE);
}

it("a trainer that sends the last round's references earns nothing after the first round", async () => {
  // What it would earn by `reference-trust` is in economy/riders.test.ts.
  const [, ...later] = await ridersParts();
  for (const part of later) expect(part).toBeLessThan(0.001);
});
