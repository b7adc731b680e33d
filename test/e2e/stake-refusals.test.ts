import { ruleId } from '@chorus/chain';
import { type Address, type ChainPort, OPEN_TO_ALL, stakeValue, unlockedShares } from '@chorus/protocol';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Stakes } from '../../packages/service-training/src/stakes/stakes.ts';
import { MemoryChain, MemoryLedger } from '../twins/chain.ts';

const key = (n: number): `0x${string}` => `0x${n.toString(16).padStart(64, '0')}`;
const OTHER_TOKEN: Address = `0x${'0d'.repeat(20)}`;

let ledger: MemoryLedger;
let ada: MemoryChain;
let bob: MemoryChain;
const token = () => ledger.token;
const stakesOf = (chain: ChainPort) =>
  new Stakes({ chain, registrationUri: () => 'data:,a-node-of-the-test' });

beforeEach(() => {
  ledger = new MemoryLedger();
  [ada, bob] = [new MemoryChain(ledger, key(1)), new MemoryChain(ledger, key(2))] as const;
  for (const { account } of [ada, bob]) {
    for (const asset of [ledger.token, OTHER_TOKEN]) ledger.mint(asset, account, 10_000n);
  }
});

const deposit = (chain: ChainPort, amount: bigint, asset = token(), to?: Address) =>
  stakesOf(chain).depositStake({ token: asset, amount: `${amount}`, ...(to ? { to } : {}) });

/** A task that looks for a trainer, with a stake of 30. */
const publish = (chain: ChainPort) =>
  chain.createTask({
    token: token(),
    budget: 1_000n,
    rounds: 1,
    minTrainers: 1,
    maxTrainers: 1,
    minAggregators: 1,
    stake: 30n,
    minValidators: 1,
    aggregatorFeeBps: 0,
    validatorFeeBps: 0,
    joinSeconds: 100,
    commitSeconds: 100,
    referenceSeconds: 100,
    settleSeconds: 100,
    dimension: 10,
    rule: ruleId('reference-trust'),
    termsDigest: key(7),
    ...OPEN_TO_ALL,
    validators: [chain.account],
  });

/** Take part of a lock, as an offence does. */
function slash(agentId: bigint, taskId: bigint, amount: bigint, offence: string): void {
  const at = { block: 1, transaction: `0x${'00'.repeat(32)}` } as const;
  const split = { reporterBps: 0, burnBps: 10_000 };
  const { burned } = ledger.stakes.slash({ token: token(), agentId, taskId }, offence, amount, split, at);
  ledger.money.transfer(token(), ledger.stakeContract, `0x${'de'.repeat(20)}`, burned, 'slash');
}

describe('stake by hand', () => {
  it('of several tokens or identities has to be named', async () => {
    await deposit(ada, 100n);
    await deposit(ada, 50n, OTHER_TOKEN);
    await expect(stakesOf(ada).unbondStake({ amount: '1' })).rejects.toMatchObject({
      code: 'E_STAKE_AMBIGUOUS',
      hint: expect.stringContaining('--token'),
    });
    const { agentId } = await ada.registerIdentity('ipfs://second');
    await ada.depositStake(token(), agentId, 10n);
    await expect(stakesOf(ada).unbondStake({ amount: '1', token: token() })).rejects.toMatchObject({
      code: 'E_STAKE_AMBIGUOUS',
      hint: expect.stringContaining('--from NUMBER'),
    });
    const asked = { amount: 'all', token: token(), from: `${agentId}` } as const;
    expect(await stakesOf(ada).unbondStake(asked)).toMatchObject({ amount: '10', agentId: `${agentId}` });
  });

  it('of an unknown owner, of nothing, and what is unbonding already are refused, each with what to do', async () => {
    await deposit(bob, 5n);
    await deposit(ada, 100n, token(), bob.account);
    const stakes = stakesOf(ada);
    await expect(stakes.unbondStake({ amount: 'all' })).rejects.toMatchObject({
      code: 'E_STAKE_NONE',
      hint: expect.stringContaining(bob.account),
    });
    const from = bob.account;
    await expect(stakes.unbondStake({ amount: '0', from })).rejects.toMatchObject({ code: 'E_STAKE_AMOUNT' });
    await expect(stakes.unbondStake({ amount: '101', from })).rejects.toMatchObject({
      code: 'E_STAKE_TOO_LITTLE',
    });
    await stakes.unbondStake({ amount: 'all', from });
    await expect(stakes.unbondStake({ amount: '1', from })).rejects.toMatchObject({ code: 'E_STAKE_NONE' });
    await expect(stakesOf(bob).withdrawStake()).rejects.toMatchObject({
      code: 'E_STAKE_NOTHING_TO_WITHDRAW',
    });
  });

  it('asked for twice at once is sent once', async () => {
    await deposit(ada, 100n);
    const stakes = stakesOf(ada);
    const outcomes = await Promise.allSettled([
      stakes.unbondStake({ amount: 'all' }),
      stakes.unbondStake({ amount: 'all' }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    ledger.passTime(ledger.unbondSeconds);
    const paid = await Promise.allSettled([stakes.withdrawStake(), stakes.withdrawStake()]);
    expect(paid.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(ledger.balance(token(), ada.account)).toBe(10_000n);
  });

  it('that matures at different times comes out as it matures', async () => {
    await deposit(ada, 100n);
    const stakes = stakesOf(ada);
    await stakes.unbondStake({ amount: '60' });
    ledger.passTime(ledger.unbondSeconds / 2);
    await stakes.unbondStake({ amount: '40' });
    const early = stakes.withdrawStake();
    await expect(early).rejects.toMatchObject({
      code: 'E_STAKE_NOT_MATURE',
      facts: { ticket: 1n, amount: '60 TWIN' },
    });
    ledger.passTime(ledger.unbondSeconds / 2);
    expect(await stakes.withdrawStake()).toMatchObject({
      withdrawn: [{ amount: '60' }],
      waiting: [{ amount: '40', available: false }],
    });
  });

  it('that slashing took whole says so, and a later deposit is untouched by it', async () => {
    await deposit(ada, 100n);
    const agentId = (await ada.identity())!;
    ledger.stakes.lock(token(), agentId, 1n, 100n);
    slash(agentId, 1n, 100n, 'first');
    await expect(stakesOf(ada).unbondStake({ amount: 'all' })).rejects.toMatchObject({
      code: 'E_STAKE_NONE',
    });
    await deposit(ada, 7n);
    expect(await stakesOf(ada).unbondStake({ amount: 'all' })).toMatchObject({ amount: '7' });
    ledger.stakes.lock(token(), agentId, 2n, 0n);
    ledger.passTime(ledger.unbondSeconds);
    expect((await stakesOf(ada).withdrawStake()).withdrawn).toMatchObject([{ amount: '7' }]);
  });

  it('says nothing is left of what was unbonding when slashing took it', async () => {
    await deposit(ada, 100n);
    const agentId = (await ada.identity())!;
    await stakesOf(ada).unbondStake({ amount: '50' });
    ledger.stakes.lock(token(), agentId, 1n, 50n);
    slash(agentId, 1n, 50n, 'half');
    // Half of the pool is gone, and so is half of what was unbonding.
    expect((await stakesOf(ada).stakes()).positions[0]!.unbonding).toMatchObject([{ amount: '25' }]);
    ledger.stakes.lock(token(), agentId, 2n, 25n);
    slash(agentId, 2n, 25n, 'more');
    expect((await stakesOf(ada).stakes()).positions[0]!.slashes.map(({ amount }) => amount)).toEqual([
      '25',
      '50',
    ]);
    ledger.passTime(ledger.unbondSeconds);
    expect((await stakesOf(ada).withdrawStake()).withdrawn).toMatchObject([{ amount: '12' }]);
  });

  it('lists a lock of a task, and whether that has ended', async () => {
    await deposit(ada, 100n);
    const { taskId } = await publish(bob);
    const { agreement } = await ada.task(taskId);
    const agentId = (await ada.identity())!;
    await ada.join(taskId, { agreement, agentId, roles: ['trainer'], peerId: 'ada' });
    const locks = async () => (await stakesOf(ada).stakes()).positions[0]!.locks;
    expect(await locks()).toEqual([{ taskId: '1', amount: '30', ended: false }]);
    await expect(stakesOf(ada).unbondStake({ amount: '71' })).rejects.toMatchObject({
      code: 'E_STAKE_LOCKED',
      facts: { free: '70 TWIN', tasks: '1' },
    });
    await bob.cancel(taskId);
    expect(await locks()).toEqual([{ taskId: '1', amount: '30', ended: true }]);
    await expect(stakesOf(ada).unbondStake({ amount: 'all' })).rejects.toMatchObject({
      hint: expect.stringContaining('has ended'),
    });
  });

  it('what it says can be unbonded can be, to the unit, and no more, however slashing rounds', async () => {
    const amount = fc.bigInt(1n, 3_000n);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          mine: amount,
          theirs: amount,
          locked: amount,
          slashed: amount,
          more: amount,
          rest: amount,
        }),
        async ({ mine, theirs, locked, slashed, more, rest }) => {
          const world = new MemoryLedger();
          ledger = world;
          const [a, b] = [new MemoryChain(world, key(1)), new MemoryChain(world, key(2))];
          for (const { account } of [a, b]) world.mint(world.token, account, 10_000n);
          for (const _ of [1, 2]) await publish(b);
          await deposit(a, mine);
          await deposit(b, theirs, world.token, a.account);
          const agentId = (await a.identity())!;
          const pool = () => world.stakes.pool(world.token, agentId);
          world.stakes.lock(world.token, agentId, 1n, locked % (pool().free + 1n));
          slash(agentId, 1n, slashed, 'o');
          await deposit(b, more, world.token, a.account);
          world.stakes.lock(world.token, agentId, 2n, rest % (pool().free + 1n));
          for (const [chain, from] of [
            [b, a.account],
            [a, a.account],
          ] as const) {
            const stakes = stakesOf(chain);
            const [before] = (await stakes.stakes()).positions;
            if (!before || before.staked === '0') continue;
            const over = BigInt(before.unbondable) + 1n;
            await expect(stakes.unbondStake({ amount: `${over}`, from })).rejects.toMatchObject({
              code: expect.stringMatching(/^E_STAKE_(LOCKED|TOO_LITTLE)$/),
            });
            if (before.unbondable === '0') continue;
            const result = await stakes.unbondStake({ amount: before.unbondable, from });
            expect(result.amount).toBe(before.unbondable);
          }
          // The pool's own rule: what is bonded is worth what is locked, at least.
          const { pool: left } = (await a.stakeAccount(a.account)).positions[0]!;
          expect(stakeValue(left, left.shares - left.unbonding)).toBeGreaterThanOrEqual(left.locked);
          expect(unlockedShares(left)).toBeGreaterThanOrEqual(0n);
          world.passTime(world.unbondSeconds);
          for (const chain of [a, b])
            await stakesOf(chain)
              .withdrawStake()
              .catch(() => {});
          const burned = world.balance(world.token, `0x${'de'.repeat(20)}`);
          const accounts = [a.account, b.account, world.stakeContract, world.contract];
          const held = accounts.map((account) => world.balance(world.token, account));
          expect(held.reduce((sum, x) => sum + x, burned)).toBe(20_000n);
          expect(world.balance(world.token, world.stakeContract)).toBe(pool().tokens);
        },
      ),
      { numRuns: 60 },
    );
  });
});
