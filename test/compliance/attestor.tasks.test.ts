import { reputationRegistry, validationRegistry } from '@chorus/contracts';
import { Contract, type InterfaceAbi } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, expectRefusal, read, send } from './evm.ts';
import { openTaskWorld, type Player, ROLE, SHARE_ONE, type TaskWorld } from './tasks/harness.ts';

describe('the attestor on the task contract', () => {
  let world: TaskWorld;
  let validations: Contract;
  let reputations: Contract;

  beforeAll(async () => {
    world = await openTaskWorld({ trainers: 3, validators: 1, aggregators: 1 });
    const registry = async (name: string, abi: readonly object[]) =>
      new Contract(await read(world.attestor, name), abi as InterfaceAbi, world.stranger.signer);
    validations = await registry('validations', validationRegistry.abi);
    reputations = await registry('reputations', reputationRegistry.abi);
  });
  beforeEach(() => world.restore());
  afterAll(() => world?.close());

  const shares = [SHARE_ONE / 2, SHARE_ONE / 8, 0];
  const ask = async (player: Player, taskId: bigint): Promise<string> => {
    const hash = await read(world.attestor, 'requestHashOf', taskId, player.agentId);
    const registry = as(validations, player.signer);
    await send(registry, 'validationRequest', world.attestor.target, player.agentId, 'ipfs://terms', hash);
    return hash;
  };
  const reputation = (player: Player): Promise<bigint> => read(world.attestor, 'reputation', player.agentId);

  it('the attestor on the task contract writes each settled round and the end of the task to the registries', async () => {
    const taskId = await world.start({ rounds: 3 });
    const hashes = [await ask(world.trainers[0]!, taskId), await ask(world.trainers[1]!, taskId)];
    await world.play(taskId, 1, { weights: [65536], shares });
    await send(world.attestor, 'attest', taskId, 1);
    const responses = await Promise.all(hashes.map((hash) => read(validations, 'getValidationStatus', hash)));
    expect(responses.map(([validator, , response, , tag]) => [validator, response, tag])).toEqual([
      [world.attestor.target, 100n, 'round'],
      [world.attestor.target, 25n, 'round'],
    ]);
    // Round 2 is void: there is nothing to attest, and nothing to wait for.
    await world.runOut(taskId);
    await expectRefusal('NotRecorded', world.attestor, 'attest', taskId, 2);
    for (const trainer of world.trainers) await send(world.attestor, 'giveFeedback', taskId, trainer.address);
    const summary = async (player: Player) => [
      ...(await read(reputations, 'getSummary', player.agentId, [world.attestor.target], '', '')),
    ];
    expect(await summary(world.trainers[0]!)).toEqual([1n, 10_000n, 2n]);
    expect(await summary(world.trainers[1]!)).toEqual([1n, 2500n, 2n]);
    expect(await summary(world.trainers[2]!)).toEqual([1n, 0n, 2n]);
  });

  it('reputation from the attestor lets an identity into a task that requires it, until it is slashed', async () => {
    const taskId = await world.start({ rounds: 2 });
    for (const round of [1, 2]) {
      await world.play(taskId, round, { weights: [65536], shares });
      await send(world.attestor, 'attest', taskId, round);
    }
    const [first, , last] = world.trainers as [Player, Player, Player];
    expect([await reputation(first), await reputation(last)]).toEqual([2n, 0n]);
    const picky = await world.create({ minReputation: 2 });
    await expectRefusal(
      'ReputationTooLow',
      world.by(last),
      'join',
      picky,
      await world.agreement(picky),
      last.agentId,
      ROLE.trainer,
      '0x01',
      [],
    );
    await world.join(picky, first, ROLE.trainer);
    const other = await world.start({ rounds: 1, minTrainers: 1 });
    await world.toReference(other, 1, { trainers: [1, 2] });
    expect(await read(world.stakes, 'slashCount', first.agentId)).toBe(1n);
    expect(await reputation(first)).toBe(0n);
    const later = await world.create({ minReputation: 1 });
    await expectRefusal(
      'ReputationTooLow',
      world.by(first),
      'join',
      later,
      await world.agreement(later),
      first.agentId,
      ROLE.trainer,
      '0x01',
      [],
    );
  });

  it('the attestor on the task contract attests a round of 16 trainers, all with requests, for less than 4 million gas', async () => {
    const taskId = await world.start({ rounds: 1 });
    for (const trainer of world.trainers) await ask(trainer, taskId);
    await world.play(taskId, 1, { weights: [65536], shares });
    const { gasUsed } = await send(world.attestor, 'attest', taskId, 1);
    // Three trainers here; the first time is the dearest.
    expect((gasUsed * 16n) / 3n).toBeLessThan(4_000_000n);
  });
});
