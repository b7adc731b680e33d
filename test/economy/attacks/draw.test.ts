import { AbiCoder, id as hashOf, keccak256 } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Play } from '../world/play.ts';
import { startWorld, type World } from '../world/world.ts';

const CANDIDATES = [4, 7, 8];
const MASK = 2n ** 48n - 1n;

describe('the draw of who may settle first', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(10);
  });
  afterAll(() => world?.close());

  const start = (): Promise<Play> =>
    Play.start(world, { validators: [1, 5], aggregators: CANDIDATES, params: { rounds: 2 } });

  /** Each validator's salt of the round, from one word. */
  function salted(play: Play, word: string): (account: string) => string {
    const opening = play.opening.bind(play);
    const salt = (account: string) => hashOf(`${word} ${account}`);
    play.opening = (account) => ({ ...opening(account), salt: salt(account) });
    return salt;
  }

  /** What is done is undone again. */
  async function tried<T>(job: () => Promise<T>): Promise<T> {
    const before = await world.chain.rpc('evm_snapshot', []);
    try {
      return await job();
    } finally {
      await world.chain.rpc('evm_revert', [before]);
    }
  }

  it('is not to be seen by the candidate that ends a round, whatever block it does so in', async () => {
    const play = await start();
    await play.toSettle();
    const greedy = await play.candidate();
    // It sends its settlement in the block that it likes best, if there is one that it can tell from the others.
    const sent = await play.settlement();
    const settle = () => world.tasks.send(greedy, 'settle', play.id, 1, sent);
    const likes = async (): Promise<boolean> => {
      await settle();
      return (await play.candidate()) === greedy;
    };
    for (let block = 0; block < 16 && !(await tried(likes)); block++) await world.chain.rpc('evm_mine');
    await settle();
    const drawn = new Set<string>();
    for (let k = 0; k < 64 && drawn.size < CANDIDATES.length; k++) {
      await tried(async () => {
        salted(play, String(k));
        await play.toSettle();
        drawn.add(await play.candidate());
      });
    }
    expect(drawn.size).toBe(CANDIDATES.length);
  });

  it('follows from the block that ended the commit phase and from every salt that was opened, and from nothing else', async () => {
    const play = await start();
    const [one, other] = play.validators as [string, string];
    const salt = salted(play, 'sealed');
    await play.toReference();
    const { mixHash, parentHash } = await world.chain.rpc('eth_getBlockByNumber', ['latest', false]);
    const coder = AbiCoder.defaultAbiCoder();
    const draw = (types: string[], values: unknown[]): bigint =>
      BigInt(keccak256(coder.encode(types, values))) & MASK;
    const block = draw(['uint256', 'bytes32', 'uint256', 'uint256'], [mixHash, parentHash, play.id, 1]);
    const of = (account: string): bigint => draw(['address', 'bytes32'], [account, salt(account)]);
    const candidate = (value: bigint): string => play.aggregators[Number(value % BigInt(CANDIDATES.length))]!;

    for (const order of [
      [one, other],
      [other, one],
    ] as const) {
      await tried(async () => {
        await play.open(order[0]);
        await world.chain.pass(10);
        await play.open(order[1]);
        expect(await play.candidate()).toBe(candidate(block ^ of(one) ^ of(other)));
      });
    }
    // Who withholds its salt changes the draw, and pays for it as for its reference.
    await play.open(one);
    await play.pass();
    expect(await play.candidate()).toBe(candidate(block ^ of(one)));
    expect(await play.lockOf(other)).toBe(970n);
  });
});
