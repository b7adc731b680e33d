import { setTimeout as delay } from 'node:timers/promises';
import { chorusToken } from '@chorus/contracts';
import type { Address } from '@chorus/protocol';
import { Contract, ContractFactory, Interface, type JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Devnet, startDevnet } from '../devnet/devnet.ts';
import { openProvider } from '../rpc/rpc.ts';
import { memoryTransactionStore } from './journal.ts';
import { Sender, type SenderOptions } from './sender.ts';

const TOKEN = new Interface(chorusToken.abi);
/** Gives up soon, and raises no offer before. */
const IMPATIENT = { minedTimeoutMilliseconds: 500, bumpAfterMilliseconds: 600_000 };
const RECEIVER: Address = '0x00000000000000000000000000000000000c0de5';

describe('sending transactions', () => {
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let token: Address;
  const abort = new AbortController();
  const opened: JsonRpcProvider[] = [];

  const sender = (on = provider, index = 0, options: Partial<SenderOptions> = {}): Sender => {
    const signer = new Wallet(devnet.privateKeys[index]!, provider);
    const account = signer.address.toLowerCase() as Address;
    const { signal } = abort;
    const own = { provider: on, signer, chainId: 31337, account, pollMilliseconds: 20, signal };
    return new Sender({ ...own, ...options });
  };
  /** Transactions in the pool. */
  const pool = async (): Promise<number> => Number((await provider.send('txpool_status', [])).pending);
  /** Resolves when this number waits there; the time limit of the test ends it. */
  const waiting = async (count: number): Promise<void> => {
    while ((await pool()) < count) await delay(20);
  };
  const transfer = (amount: bigint): string => TOKEN.encodeFunctionData('transfer', [RECEIVER, amount]);
  const received = (): Promise<bigint> =>
    new Contract(token, TOKEN, provider).getFunction('balanceOf')(RECEIVER) as Promise<bigint>;
  const nonce = (): Promise<number> =>
    provider.getTransactionCount(new Wallet(devnet.privateKeys[0]!).address);

  /** Another provider of the chain, in which one method fails in a chosen way. */
  const broken = async (method: string, fail: (send: () => Promise<unknown>) => Promise<unknown>) => {
    const { provider: other } = await openProvider(devnet.url);
    const good = other.send.bind(other);
    other.send = (name, params) => {
      const send = (): Promise<unknown> => good(name, params);
      return name === method ? fail(send) : send();
    };
    opened.push(other);
    return other;
  };

  beforeAll(async () => {
    devnet = await startDevnet({ accounts: 2 });
    ({ provider } = await openProvider(devnet.url));
    provider.pollingInterval = 20;
    const wallet = new Wallet(devnet.privateKeys[0]!, provider);
    const factory = new ContractFactory([...chorusToken.abi], chorusToken.bytecode, wallet);
    const contract = await factory.deploy(wallet.address, 10n ** 18n);
    await contract.waitForDeployment();
    token = (await contract.getAddress()).toLowerCase() as Address;
  });
  afterAll(async () => {
    abort.abort();
    for (const each of [provider, ...opened]) each?.destroy();
    await devnet?.close();
  });

  it('twenty concurrent transactions of one account are all mined, in order', async () => {
    const before = await received();
    const one = sender();
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        one.exclusive(() => one.send('transfer', token, transfer(BigInt(i) + 1n))),
      ),
    );
    expect((await received()) - before).toBe(210n);
    const blocks = sent.map((mined) => mined.block);
    expect(blocks).toEqual([...blocks].sort((a, b) => a - b));
  });

  it('independent transactions share a block, and one that waits for its turn is in it as well', async () => {
    const before = await received();
    const one = sender();
    await provider.send('evm_setAutomine', [false]);
    try {
      const gas = async () => 100_000n;
      const sent = [1n, 2n, 4n, 8n].map((n) => one.sendAhead('transfer', token, transfer(n), gas));
      // The same call at the same time is one.
      sent.push(one.sendAhead('transfer', token, transfer(8n), gas));
      await waiting(4);
      sent.push(one.exclusive(() => one.send('transfer', token, transfer(16n))));
      await waiting(5);
      await provider.send('evm_mine', []);
      const blocks = new Set((await Promise.all(sent)).map(({ block }) => block));
      expect(blocks.size).toBe(1);
      expect((await received()) - before).toBe(31n);
    } finally {
      await provider.send('evm_setAutomine', [true]);
    }
  });

  it('no more independent transactions wait for a block than a pool keeps', async () => {
    const before = await received();
    const one = sender();
    await provider.send('evm_setAutomine', [false]);
    const sent = Array.from({ length: 20 }, (_, i) =>
      one.sendAhead('transfer', token, transfer(BigInt(100 + i)), async () => 100_000n),
    );
    try {
      await waiting(16);
      expect(await pool()).toBe(16);
    } finally {
      await provider.send('evm_setAutomine', [true]);
      await provider.send('evm_mine', []);
    }
    const blocks = (await Promise.all(sent)).map(({ block }) => block);
    expect(new Set(blocks.slice(0, 16)).size).toBe(1);
    expect((await received()) - before).toBe(20n * 100n + 190n);
  });

  it('independent transactions that a crash left open are looked up, not sent again', async () => {
    const before = await received();
    const nonceBefore = await nonce();
    const transactions = memoryTransactionStore();
    const calls = [31n, 32n, 33n].map(transfer);
    const crash = new AbortController();
    const gas = async () => 100_000n;
    await provider.send('evm_setAutomine', [false]);
    const first = sender(provider, 0, { transactions, signal: crash.signal });
    const lost = calls.map((call) =>
      first.sendAhead('transfer', token, call, gas).catch((error) => error.code),
    );
    await waiting(3);
    crash.abort();
    expect(await Promise.all(lost)).toEqual(Array(3).fill('E_CHAIN_NOT_MINED'));
    await provider.send('evm_setAutomine', [true]);
    await provider.send('evm_mine', []);
    const second = sender(provider, 0, { transactions });
    await Promise.all(calls.map((call) => second.sendAhead('transfer', token, call, gas)));
    expect((await received()) - before).toBe(96n);
    expect((await nonce()) - nonceBefore).toBe(3);
    expect(
      await transactions.list(31_337, new Wallet(devnet.privateKeys[0]!).address.toLowerCase() as Address),
    ).toEqual([]);
  });

  it('a transaction that the pool has lost gives way to the next', async () => {
    const [before, nonceBefore] = [await received(), await nonce()];
    const one = sender(provider, 0, { fees: IMPATIENT });
    const send = (amount: bigint) => one.exclusive(() => one.send('transfer', token, transfer(amount)));
    await provider.send('evm_setAutomine', [false]);
    try {
      const error = await send(41n).catch((error) => error);
      expect(error.code).toBe('E_CHAIN_NOT_MINED');
      await provider.send('anvil_dropTransaction', [error.facts.transaction]);
    } finally {
      await provider.send('evm_setAutomine', [true]);
    }
    await send(42n);
    expect((await received()) - before).toBe(42n);
    expect(await nonce()).toBe(nonceBefore + 1);
  });

  it('a transaction that the pool has lost is sent again if later ones wait for its nonce', async () => {
    const [before, nonceBefore] = [await received(), await nonce()];
    const transactions = memoryTransactionStore();
    let sent = 0;
    const lossy = await broken('eth_sendRawTransaction', (send) =>
      sent++ === 0 ? Promise.resolve('0x') : send(),
    );
    const first = sender(lossy, 0, { transactions, fees: IMPATIENT });
    const lost = [43n, 44n].map((n) =>
      first.sendAhead('transfer', token, transfer(n), async () => 100_000n).catch((error) => error.code),
    );
    expect(await Promise.all(lost)).toEqual(Array(2).fill('E_CHAIN_NOT_MINED'));
    const second = sender(provider, 0, { transactions, fees: IMPATIENT });
    await second.exclusive(() => second.send('transfer', token, transfer(45n)));
    expect((await received()) - before).toBe(43n + 44n + 45n);
    expect(await nonce()).toBe(nonceBefore + 3);
  });

  it('a transaction whose answer is lost is not sent a second time', async () => {
    const before = await received();
    const nonceBefore = await nonce();
    const fail = vi.fn(async (send: () => Promise<unknown>) => {
      await send();
      throw new Error('socket hang up');
    });
    const mined = await sender(await broken('eth_sendRawTransaction', fail)).send(
      'transfer',
      token,
      transfer(5n),
    );
    expect(mined.transaction).toMatch(/^0x/);
    expect(fail).toHaveBeenCalledTimes(1);
    expect((await received()) - before).toBe(5n);
    expect(await nonce()).toBe(nonceBefore + 1);
  });

  it('a transaction that did not arrive is sent again', async () => {
    const before = await received();
    let attempts = 0;
    const flaky = await broken('eth_sendRawTransaction', (send) => {
      attempts++;
      return attempts < 3 ? Promise.reject(new Error('connect ECONNREFUSED')) : send();
    });
    await sender(flaky).send('transfer', token, transfer(7n));
    expect(attempts).toBe(3);
    expect((await received()) - before).toBe(7n);
  });

  it('two processes with one account do not lose or repeat a transaction', async () => {
    const before = await received();
    const [one, two] = [sender(), sender()];
    // Different amounts: two equal transactions with one nonce would be one and the same.
    const job = (by: Sender, amount: bigint) =>
      by.exclusive(() => by.send('transfer', token, transfer(amount)));
    await Promise.all([job(one, 1n), job(two, 10n), job(one, 100n), job(two, 1000n)]);
    expect((await received()) - before).toBe(1111n);
  });

  it('a refused transaction costs no gas and does not stop later ones', async () => {
    const nonceBefore = await nonce();
    const one = sender();
    const refused = one.exclusive(() => one.send('transfer', token, transfer(10n ** 30n)));
    const fine = one.exclusive(() => one.send('transfer', token, transfer(1n)));
    await expect(refused).rejects.toMatchObject({ code: 'E_CHAIN_STAKE_REQUIRED' });
    await fine;
    expect(await nonce()).toBe(nonceBefore + 1);
  });

  it('a transaction that fails only when it is mined reports why', async () => {
    const wallet = new Wallet(devnet.privateKeys[1]!, provider);
    const one = sender();
    await one.exclusive(() =>
      one.send('fund', token, TOKEN.encodeFunctionData('transfer', [wallet.address, 10n])),
    );
    const before = await received();
    await provider.send('evm_setAutomine', [false]);
    try {
      // Both are fine by the state they are estimated on; the second finds nothing left.
      const sent = Promise.allSettled(
        [10n, 9n].map((amount) => sender(provider, 1).send('transfer', token, transfer(amount))),
      );
      const queued = async (): Promise<number> =>
        Number((await provider.send('txpool_status', [])).pending) || 0;
      for (let i = 0; i < 100 && (await queued()) < 1; i++) await new Promise((r) => setTimeout(r, 20));
      await provider.send('evm_mine', []);
      await provider.send('evm_setAutomine', [true]);
      await provider.send('evm_mine', []);
      const results = await sent;
      const failed = results.filter((result) => result.status === 'rejected');
      expect(failed).toHaveLength(1);
      expect(failed[0]!.reason).toMatchObject({ code: 'E_CHAIN_STAKE_REQUIRED' });
      expect([9n, 10n]).toContain((await received()) - before);
    } finally {
      await provider.send('evm_setAutomine', [true]);
    }
  });

  it('sending from an account without the chain’s own coin reports that', async () => {
    const poor = new Wallet(`0x${'77'.repeat(32)}`, provider);
    const account = poor.address.toLowerCase() as Address;
    const { signal } = abort;
    const options = { provider, signer: poor, chainId: 31337, account, pollMilliseconds: 20, signal };
    const data = TOKEN.encodeFunctionData('approve', [RECEIVER, 1n]);
    await expect(new Sender(options).send('approve', token, data)).rejects.toMatchObject({
      code: 'E_CHAIN_NO_GAS',
    });
  });
});
