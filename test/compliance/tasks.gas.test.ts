import { hasGroups, RULE_NAMES, type RuleName, SHARE_ONE } from '@chorus/protocol';
import { id } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitVector, proveWithTrapdoor, trapdoorSrs } from '../twins/trapdoor-prover.ts';
import { trapdoorVerifiers } from '../twins/verifiers.ts';
import type { Evm } from './evm.ts';
import { openTaskWorld, type Point, type TaskWorld } from './tasks/harness.ts';

/** The whole settlement of 16 trainers in steady state, one validator's vote in it. */
const MAX_SETTLEMENT_GAS: Record<RuleName, bigint> = {
  'reference-trust': 800_000n,
  // Three rows more, and the novelty in the input and in the vote.
  'reference-projection': 850_000n,
};
/** The rounds before: three slots of the record are new, and sometimes the one of the block numbers. */
const RECORDING_GAS = 70_000n;
const DIMENSION = 13;
/** From here on a round writes no slot for the first time: records are kept for 16 rounds. */
const STEADY_ROUND = 17;

/** The product's verifiers, with a key whose secrets are known. */
async function deployVerifiers(evm: Evm): Promise<string[]> {
  const { tauG1, tauG2, tau2G2 } = trapdoorSrs();
  const srs = { tau1: tauG1, tau2: tauG2, tauSquared2: tau2G2, insecureDev: true };
  const addresses: string[] = [];
  for (const compiled of trapdoorVerifiers(RULE_NAMES)) {
    addresses.push((await evm.deploy(compiled, srs)).target as string);
  }
  return addresses;
}

describe('gas of a settlement with a proof, 16 trainers', () => {
  let world: TaskWorld;
  beforeAll(async () => {
    const sizes = { trainers: 16, validators: 1, aggregators: 1 };
    let addresses: Promise<string[]> | undefined;
    const at = (index: number) => async (evm: Evm) => {
      addresses ??= deployVerifiers(evm);
      return (await addresses)[index]!;
    };
    world = await openTaskWorld({ ...sizes, verifier: at(0), projectionVerifier: at(1) });
  });
  afterAll(() => world?.close());

  const rowOf = (round: number, i: number): bigint[] =>
    Array.from({ length: DIMENSION }, (_, k) => BigInt(((i * 37 + k * 11 + round * 5) % 41) - 20));
  /** With one validator each group is its reference. Some row is the novelty. */
  const rowsOf = (rule: RuleName, round: number): bigint[][] => {
    const reference = rowOf(round, 0);
    const head = hasGroups(rule) ? [reference, reference, reference, rowOf(round, 17)] : [reference];
    return [...head, ...Array.from({ length: 16 }, (_, i) => rowOf(round, i + 1))];
  };

  it.each(RULE_NAMES)(
    'gas of settling 16 trainers by %s is below its limit once every slot has been written, and rewards vest to the unit',
    async (rule) => {
      const head = hasGroups(rule) ? 4 : 1;
      const weights = Array.from({ length: 16 }, (_, i) => 4096 - i);
      const shares = Array.from({ length: 16 }, (_, i) => SHARE_ONE / 16 - i);
      const rounds = STEADY_ROUND + 1;
      const taskId = await world.start({
        rounds,
        rule: id(rule),
        dimension: DIMENSION,
        budget: 10n ** 12n,
        stake: 50n,
        vestingRounds: 2,
        minShareBps: 2500,
      });
      const points = new Map<string, Point>();
      world.update = (i, round = 1) => points.get(`${round}/${i + head}`)!;
      world.reference = (_, round = 1) => points.get(`${round}/0`)!;
      const gas: bigint[] = [];
      const rewards: bigint[][] = [];
      for (let round = 1; round <= rounds; round++) {
        const rows = rowsOf(rule, round);
        for (const [i, row] of rows.entries()) points.set(`${round}/${i}`, commitVector(row));
        await world.toSettle(taskId, round);
        const contract = world.tasks.target as `0x${string}`;
        const prover = world.aggregators[0]!.address as `0x${string}`;
        const input = { rule, chainId: 31337, contract, taskId, round, prover, dimension: DIMENSION };
        const { aggregate, proof } = proveWithTrapdoor({ ...input, rows, weights, shares });
        const novelty = hasGroups(rule) ? { novelty: points.get(`${round}/3`)! } : {};
        const plan = await world.settlement(taskId, round, { weights, shares, aggregate, ...novelty });
        const receipt = await world.send(world.aggregators[0]!, 'settle', taskId, round, { ...plan, proof });
        gas.push(receipt.gasUsed);
        rewards.push([...world.events(receipt, 'RoundSettled')[0].rewards]);
        if (round !== STEADY_ROUND) continue;
        for (const [i, trainer] of world.trainers.entries()) {
          const [last, previous] = [rewards[round - 1]![i]!, rewards[round - 2]![i]!];
          expect((await world.member(taskId, trainer)).vesting).toBe(last + previous / 2n);
        }
      }
      expect(gas[STEADY_ROUND - 1]).toBeLessThan(MAX_SETTLEMENT_GAS[rule]);
      for (const used of gas.slice(1)) expect(used).toBeLessThan(MAX_SETTLEMENT_GAS[rule] + RECORDING_GAS);
      for (const [i, trainer] of world.trainers.entries()) {
        const { earned, vesting } = await world.member(taskId, trainer);
        expect(earned).toBe(rewards.reduce((sum, round) => sum + round[i]!, 0n));
        expect(earned).toBeGreaterThan(0n);
        expect(vesting).toBe(0n);
      }
    },
  );
});
