import { id as keccak } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitVector, proveWithTrapdoor } from '../../twins/trapdoor-prover.ts';
import { deployTrapdoorVerifiers } from '../../twins/verifiers.ts';
import type { Receipt } from '../world/chain.ts';
import { Play } from '../world/play.ts';
import { digestOf, point, settlement, signVerdict } from '../world/round.ts';
import { startWorld, type World } from '../world/world.ts';

describe('transactions that overtake each other', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(10);
  });
  afterAll(() => world?.close());

  /** Transactions in one block, in this order. */
  async function inOneBlock(
    sent: { from: string; to: string; data: string }[],
    time?: number,
  ): Promise<Receipt[]> {
    const { chain } = world;
    await chain.rpc('evm_setAutomine', [false]);
    try {
      const hashes: string[] = [];
      for (const [k, transaction] of sent.entries()) {
        // Fees order the block: the first offers most.
        const gasPrice = `0x${(10n ** 12n - BigInt(k) * 10n ** 9n).toString(16)}`;
        hashes.push(await chain.rpc('eth_sendTransaction', [{ ...transaction, gas: '0x4c4b40', gasPrice }]));
      }
      if (time !== undefined) await chain.rpc('evm_setNextBlockTimestamp', [time]);
      await chain.rpc('evm_mine');
      const receipts = await Promise.all(hashes.map((h) => chain.rpc('eth_getTransactionReceipt', [h])));
      expect(new Set(receipts.map((r) => r.blockNumber)).size).toBe(1);
      return receipts.map((r) => ({ ok: r.status === '0x1', ...r }));
    } finally {
      await chain.rpc('evm_setAutomine', [true]);
    }
  }
  const call = (from: string, name: string, ...args: unknown[]) => ({
    from,
    to: world.tasks.address,
    data: world.tasks.abi.encodeFunctionData(name, args),
  });

  it('a commitment that was copied out of the mempool does not keep its maker from committing', async () => {
    const play = await Play.start(world);
    const [maker, thief] = play.trainers as [string, string];
    const args = [play.id, 1, point(9), digestOf(9)];
    const [copy, original] = await inOneBlock([
      call(thief, 'commitUpdate', ...args),
      call(maker, 'commitUpdate', ...args),
    ]);
    expect([copy!.ok, original!.ok]).toEqual([true, true]);
    // The digest is that of a payload that names its maker: the validators leave the copy out, and it costs its sender.
    await play.seal(play.validators[0]!);
    await play.open(play.validators[0]!);
    await play.settle(undefined, { unavailable: 2 });
    expect(await play.claimable(maker)).toBeGreaterThan(400_000n);
    expect(await play.claimable(thief)).toBe(0n);
    expect((await world.tasks.read('getCase', play.id, 1, 1)).deadline).toBeGreaterThan(0n);
  });

  it('a settlement that was copied out of the mempool is worth nothing to who copied it', async () => {
    const rule = keccak('proven');
    const { url, privateKeys } = world.chain.devnet;
    const verifiers = await deployTrapdoorVerifiers(url, privateKeys[0]!);
    await world.parameters.send(world.governor, 'addVerifier', rule, 16, verifiers['reference-trust']);
    const play = await Play.start(world, { params: { rule, rounds: 1 }, trainers: [2, 3] });
    const vectors = [
      [5n, 1n, -3n],
      [2n, 1n, 0n],
      [1n, -1n, 4n],
    ] as const;
    for (const [k, trainer] of play.trainers.entries()) {
      await world.tasks.send(trainer, 'commitUpdate', play.id, 1, commitVector(vectors[k + 1]!), digestOf(k));
    }
    const [validator] = play.validators as [string];
    play.opening = () => ({ commitment: commitVector(vectors[0]), digest: digestOf(1), salt: digestOf(2) });
    await play.seal(validator);
    await play.open(validator);
    // In the last window, which is anyone's.
    const { settleStart } = await play.round();
    await world.chain.jumpTo(Number(settleStart) + 100);
    const [settler, thief] = [world.chain.accounts[8]!, world.chain.accounts[9]!];
    const [weights, shares] = [
      [30_000, 30_000],
      [2 ** 31, 2 ** 31],
    ];
    const { proof, aggregate } = proveWithTrapdoor({
      chainId: 31337,
      contract: world.tasks.address as `0x${string}`,
      taskId: play.id,
      round: 1,
      prover: settler as `0x${string}`,
      dimension: 8,
      rows: [...vectors, ...new Array(14).fill(null)],
      weights,
      shares,
    });
    const lists = { unavailable: 0, rejected: 0 };
    const commitments = await play.commitments();
    const verdict = { taskId: play.id, round: 1, commitments, ...lists, lossBefore: 2, lossAfter: 1 };
    const votes = [await signVerdict(world, play.wallet(validator), verdict)];
    const sent = { ...settlement({ weights, shares, votes }), aggregate, proof };
    const [copy, original] = await inOneBlock([
      call(thief, 'settle', play.id, 1, sent),
      call(settler, 'settle', play.id, 1, sent),
    ]);
    expect([copy!.ok, original!.ok]).toEqual([false, true]);
    expect(await play.claimable(thief)).toBe(0n);
    expect(await play.claimable(settler)).toBe(30_000n);
  });

  it('a request for validation under somebody’s hash does not keep that identity from being answered', async () => {
    const { attestor, validations, chain } = world;
    const play = await Play.start(world, { params: { rounds: 1 } });
    const [victim, thief] = play.trainers as [string, string];
    const [agent, thiefs] = [chain.accounts.indexOf(victim), chain.accounts.indexOf(thief)];
    const hash = await attestor.read('requestHashOf', play.id, agent);
    await validations.send(thief, 'validationRequest', attestor.address, thiefs, '', hash);
    const request = ['validationRequest', attestor.address, agent, ''] as const;
    expect(await validations.refusal(victim, ...request, hash)).toBe('RequestExists');
    const salt = digestOf(77);
    const salted = await attestor.read('saltedRequestHash', play.id, agent, salt);
    await validations.send(victim, ...request, salted);
    await attestor.send(victim, 'useRequest', play.id, agent, salt);
    await play.playRound();
    await attestor.send(thief, 'attest', play.id, 1);
    const answered = await validations.read('getValidationStatus', salted);
    expect([answered.agentId, answered.response]).toEqual([BigInt(agent), 100n]);
    // No one gets an answer for the taken hash.
    expect((await validations.read('getValidationStatus', hash)).response).toBe(0n);
  });

  it('a permit that somebody else used first does not keep its owner from depositing', async () => {
    const { token, stakes, chain } = world;
    const owner = chain.accounts[6]!;
    await token.send(owner, 'approve', stakes.address, 0);
    const deadline = (await chain.now()) + 1000;
    const domain = { name: 'Chorus', version: '1', chainId: 31337, verifyingContract: token.address };
    const types = {
      Permit: ['owner:address', 'spender:address', 'value:uint256', 'nonce:uint256', 'deadline:uint256'].map(
        (f) => ({
          name: f.split(':')[0]!,
          type: f.split(':')[1]!,
        }),
      ),
    };
    const nonce: bigint = await token.read('nonces', owner);
    const message = { owner, spender: stakes.address, value: 500n, nonce, deadline };
    const signed = await chain.wallets[6]!.signTypedData(domain, types, message);
    const [r, s, v] = [signed.slice(0, 66), `0x${signed.slice(66, 130)}`, Number(`0x${signed.slice(130)}`)];
    await token.send(chain.accounts[9]!, 'permit', owner, stakes.address, 500n, deadline, v, r, s);
    await stakes.send(owner, 'depositWithPermit', token.address, 6, 500n, deadline, v, r, s);
    expect((await stakes.read('pool', token.address, 6)).tokens).toBeGreaterThanOrEqual(500n);
    await token.send(owner, 'approve', stakes.address, 2n ** 256n - 1n);
  });

  it('an owner that cancels in the block of the last join stops the task or is too late, and no one loses', async () => {
    for (const first of ['cancel', 'join'] as const) {
      const play = await Play.create(world);
      const [a, b] = play.trainers as [string, string];
      for (const account of play.validators) await play.join(account, 2);
      for (const account of play.aggregators) await play.join(account, 4);
      await play.join(a, 1);
      const agent = world.chain.accounts.indexOf(b);
      await world.stakes.send(b, 'deposit', play.token.address, agent, 1000n);
      const free: bigint = await world.stakes.read('freeStake', play.token.address, agent);
      const cancel = call(play.owner, 'cancel', play.id);
      const join = call(b, 'join', play.id, await play.agreement(), agent, 1, '0x01', []);
      const receipts = await inOneBlock(first === 'cancel' ? [cancel, join] : [join, cancel]);
      expect(receipts.map((r) => r.ok)).toEqual([true, false]);
      if (first === 'cancel') {
        expect(await world.stakes.read('freeStake', play.token.address, agent)).toBe(free);
        for (const member of [...play.validators, ...play.aggregators, a]) {
          await world.tasks.send(member, 'releaseStake', play.id, member);
        }
        const before = await play.balance(play.owner);
        await world.tasks.send(a, 'refund', play.id);
        expect((await play.balance(play.owner)) - before).toBe(1_000_000n);
      } else {
        expect(await world.tasks.refusal(play.owner, 'cancel', play.id)).toBe('TaskNotJoining');
        expect(Number((await play.round()).phase)).toBe(1);
      }
    }
  });

  it('a join does not lock stake in another task that came to have the number in a reorganisation', async () => {
    const { chain, stakes, tasks, token } = world;
    const before = await chain.rpc('evm_snapshot', []);
    const play = await Play.create(world);
    const [trainer] = play.trainers as [string];
    const agent = chain.accounts.indexOf(trainer);
    const sent = ['join', play.id, await play.agreement(), agent, 1, '0x01', []] as const;
    await chain.rpc('evm_revert', [before]);
    // On this branch somebody's greedy task was first, with validators of its own.
    await stakes.send(trainer, 'deposit', token.address, agent, 10_000n);
    const free: bigint = await stakes.read('freeStake', token.address, agent);
    const thief = chain.accounts[8]!;
    const params = { ...play.params, stake: 10_000n, validators: [thief], slashBurnBps: 5000 };
    const created = await tasks.send(thief, 'createTask', params);
    expect(tasks.events(created).find((e) => e.name === 'TaskCreated')!.args.taskId).toBe(play.id);
    expect(await tasks.refusal(trainer, ...sent)).toBe('OtherTask');
    // Nor where somebody else gives the same terms.
    await tasks.send(thief, 'createTask', play.params);
    const other = (await tasks.read('getTask', play.id + 1n)).agreement;
    expect(other).not.toBe(sent[2]);
    expect(await stakes.read('freeStake', token.address, agent)).toBe(free);
  });

  it('an owner cannot take back what was topped up, before the end, in whatever order', async () => {
    const play = await Play.start(world, { params: { rounds: 1 } });
    await world.tasks.send(world.chain.accounts[9]!, 'topUp', play.id, 500_000n);
    for (const name of ['cancel', 'refund']) {
      expect(await world.tasks.refusal(play.owner, name, play.id)).toMatch(/TaskNot(Joining|Ended)/);
    }
    await play.playRound();
    expect(await play.claimable(play.trainers[0]!)).toBe((1_500_000n * 94n) / 200n);
  });

  it('a trainer kept out of every block until the deadline loses one absence, and the round goes on', async () => {
    const play = await Play.start(world);
    const [free, censored] = play.trainers as [string, string];
    await play.commit(free);
    await play.seal(play.validators[0]!);
    const { deadline } = await play.round();
    // The first block that has room again is the deadline's.
    const [late, advance] = await inOneBlock(
      [
        call(censored, 'commitUpdate', play.id, 1, point(2), digestOf(2)),
        call(world.chain.accounts[9]!, 'advance', play.id),
      ],
      Number(deadline),
    );
    expect([late!.ok, advance!.ok]).toEqual([false, true]);
    expect(await play.lockOf(censored)).toBe(990n);
    await play.open(play.validators[0]!);
    await play.settle();
    expect(await play.claimable(free)).toBeGreaterThan(900_000n / 2n);
    // It takes part in the next round as before.
    await play.toSettle();
    await play.settle();
    expect(await play.claimable(censored)).toBeGreaterThan(200_000n);
  });

  it('a verdict given before the chain was reorganised settles no round in which a trainer committed again', async () => {
    const play = await Play.start(world);
    const [first, second] = play.trainers as [string, string];
    const [validator] = play.validators as [string];
    await play.commit(first, 2);
    await play.seal(validator);
    const snapshot = await world.chain.rpc('evm_snapshot');
    const reach = async (k: number): Promise<object> => {
      await play.commit(second, k);
      await play.open(validator);
      return play.settlement();
    };
    const refusal = async (sent: object) =>
      world.tasks.refusal(await play.candidate(), 'settle', play.id, 1, sent);
    const before = await reach(3);
    expect(await refusal(before)).toBeNull();
    await world.chain.rpc('evm_revert', [snapshot]);
    // On this branch the second trainer is quick about another commitment.
    const after = await reach(4);
    expect(await refusal(before)).toBe('InvalidVotes');
    expect(await refusal(after)).toBeNull();
  });

  it('a block one second before the deadline still counts', async () => {
    const play = await Play.start(world);
    await play.seal(play.validators[0]!);
    const { deadline } = await play.round();
    const [last] = await inOneBlock(
      [call(play.trainers[0]!, 'commitUpdate', play.id, 1, point(2), digestOf(2))],
      Number(deadline) - 1,
    );
    expect(last!.ok).toBe(true);
  });

  it('a candidate kept out of its window is overtaken by the next, and the round is settled the same', async () => {
    const play = await Play.start(world, { aggregators: [4, 7] });
    await play.toSettle();
    const { settleStart } = await play.round();
    const [first, second] = [await play.candidate(0), await play.candidate(1)];
    const sent = await play.settlement();
    const settle = (from: string) => call(from, 'settle', play.id, 1, sent);
    const receipts = await inOneBlock([settle(first), settle(second)], Number(settleStart) + 100);
    expect(receipts.map((r) => r.ok)).toEqual([false, true]);
    // What this costs it is the price of its stake: the chain cannot tell being kept out from staying away.
    expect(await play.lockOf(first)).toBe(970n);
  });
});
