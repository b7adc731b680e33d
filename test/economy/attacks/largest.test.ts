import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Play } from '../world/play.ts';
import { startWorld, type World } from '../world/world.ts';

/** What one transaction may cost on Ethereum since Fusaka (EIP-7825). A step that costs more could never be taken. */
const TRANSACTION_GAS = 2n ** 24n;
/** Above what checking a proof costs, which this world's verifier does not. */
const PROOF_GAS = 600_000n;
/** Measured: 2.7 and 3.1 million. */
const [VALIDATORS, TRAINERS, AGGREGATORS] = [15, 16, 16] as const;

describe('the largest committee', () => {
  let world: World;
  let play: Play;
  beforeAll(async () => {
    world = await startWorld(VALIDATORS + TRAINERS + AGGREGATORS + 1);
    const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
    play = await Play.start(world, {
      validators: from(0, VALIDATORS),
      trainers: from(VALIDATORS, TRAINERS),
      aggregators: from(VALIDATORS + TRAINERS, AGGREGATORS),
      params: { rounds: 4 },
    });
  });
  afterAll(() => world?.close());

  it('of which no member acts is slashed in one transaction', async () => {
    // All but one validator, without whom the trainers would not be to blame.
    await play.seal(play.validators[0]!);
    const receipt = await play.pass(world.chain.accounts.at(-3)!);
    const slashed = world.tasks.events(receipt).filter(({ name }) => name === 'MemberSlashed');
    expect(slashed).toHaveLength(TRAINERS + VALIDATORS - 1);
    expect(BigInt(receipt.gasUsed)).toBeLessThan(TRANSACTION_GAS);
  });

  it('of which every candidate waits, with no payload and one reference available, is settled in one', async () => {
    await play.toSettle();
    const { settleStart } = await play.round();
    await world.chain.jumpTo(Number(settleStart) + 100 * AGGREGATORS);
    const receipt = await play.settle(world.chain.accounts.at(-3)!, {
      unavailable: 2 ** TRAINERS - 1,
      rejected: 2 ** VALIDATORS - 2,
    });
    const events = world.tasks.events(receipt).map(({ name }) => name);
    const count = (name: string) => events.filter((n) => n === name).length;
    expect([count('MemberSlashed'), count('CaseOpened')]).toEqual([AGGREGATORS + VALIDATORS - 1, TRAINERS]);
    expect(BigInt(receipt.gasUsed)).toBeLessThan(TRANSACTION_GAS - PROOF_GAS);
  });
});
