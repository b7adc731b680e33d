import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Address } from '@chorus/protocol';
import { ContractFactory, type JsonRpcProvider, Transaction, Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Devnet, startDevnet } from '../devnet/devnet.ts';
import { openProvider } from '../rpc/rpc.ts';
import type { FeePolicy } from './fees.ts';
import {
  memoryTransactionStore,
  type PendingTransaction,
  sqliteTransactionStore,
  type TransactionStore,
} from './journal.ts';
import { Sender } from './sender.ts';

/** A contract that counts how often it was called: slot 0 = slot 0 + 1. */
const COUNTER = '0x6760015f54015f55005f5260086018f3';
const GWEI = 10n ** 9n;

describe('transactions that are not mined at once', () => {
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let wallet: Wallet;
  let counter: Address;
  let abort: AbortController;

  interface Setup {
    transactions?: TransactionStore;
    fees?: Partial<FeePolicy>;
    on?: JsonRpcProvider;
    signal?: AbortSignal;
  }
  const sender = ({ transactions, fees, on = provider, signal = abort.signal }: Setup = {}): Sender =>
    new Sender({
      provider: on,
      signer: wallet,
      chainId: 31337,
      account: wallet.address.toLowerCase() as Address,
      pollMilliseconds: 20,
      signal,
      transactions,
      fees: { bumpAfterMilliseconds: 150, ...fees },
    });
  const count = async (): Promise<number> => Number(await provider.getStorage(counter, 0));
  const nonce = (): Promise<number> => provider.getTransactionCount(wallet.address, 'latest');
  const mine = (): Promise<unknown> => provider.send('evm_mine', []);
  const baseFee = (fee: bigint): Promise<unknown> =>
    provider.send('anvil_setNextBlockBaseFeePerGas', [`0x${fee.toString(16)}`]);
  /** The account's transactions that wait in the pool. */
  const pooled = async (): Promise<{ hash: string; maxFeePerGas: string; nonce: string }[]> => {
    const pool = await provider.send('txpool_content', []);
    return [pool.pending, pool.queued].flatMap((part) =>
      Object.entries(part as Record<string, Record<string, never>>)
        .filter(([from]) => from.toLowerCase() === wallet.address.toLowerCase())
        .flatMap(([, byNonce]) => Object.values(byNonce)),
    );
  };
  const until = (check: () => Promise<boolean>): Promise<unknown> =>
    vi.waitUntil(check, { timeout: 5_000, interval: 20 });

  beforeAll(async () => {
    devnet = await startDevnet({ accounts: 1 });
    ({ provider } = await openProvider(devnet.url));
    provider.pollingInterval = 20;
    wallet = new Wallet(devnet.privateKeys[0]!, provider);
    const contract = await new ContractFactory([], COUNTER, wallet).deploy();
    await contract.waitForDeployment();
    counter = (await contract.getAddress()).toLowerCase() as Address;
  });
  afterAll(async () => {
    provider?.destroy();
    await devnet?.close();
  });
  beforeEach(async () => {
    abort = new AbortController();
    await provider.send('evm_setAutomine', [false]);
  });
  afterEach(async () => {
    abort.abort();
    await provider.send('anvil_dropAllTransactions', []);
    await provider.send('evm_setAutomine', [true]);
    await baseFee(GWEI);
    await mine();
  });

  it('a transaction that pays too little is replaced by one with the same nonce that pays an eighth more', async () => {
    const [counted, used] = [await count(), await nonce()];
    const sent = sender().send('count', counter, '0x');
    await until(async () => (await pooled()).length === 1);
    const [first] = await pooled();
    await baseFee(BigInt(first!.maxFeePerGas) * 2n);
    await mine();
    expect(await count()).toBe(counted);
    const high = 2n * BigInt(first!.maxFeePerGas);
    await until(async () => (await pooled()).some((t) => BigInt(t.maxFeePerGas) > high));
    await mine();
    const { transaction } = await sent;
    expect(await count()).toBe(counted + 1);
    expect(await nonce()).toBe(used + 1);
    expect(transaction).not.toBe(first!.hash);
    const mined = (await provider.getTransaction(transaction))!;
    expect(mined.nonce).toBe(Number(first!.nonce));
    expect(mined.maxFeePerGas! * 8n).toBeGreaterThanOrEqual(BigInt(first!.maxFeePerGas) * 9n);
  });

  it('a transaction that the pool dropped is sent again as the same bytes', async () => {
    const counted = await count();
    const sent = sender().send('count', counter, '0x');
    await until(async () => (await pooled()).length === 1);
    const [first] = await pooled();
    await provider.send('anvil_dropTransaction', [first!.hash]);
    expect(await pooled()).toEqual([]);
    await until(async () => (await pooled()).length === 1);
    await mine();
    expect((await sent).transaction).toBe(first!.hash);
    expect(await count()).toBe(counted + 1);
  });

  it('the sender never offers more than the cap, reports that, and a repeated call waits instead of sending another', async () => {
    const counted = await count();
    const cap = 3n * GWEI;
    const one = sender({ fees: { maxFeePerGas: cap, minedTimeoutMilliseconds: 1_000 } });
    const sent = one.send('count', counter, '0x').catch((e: unknown) => e);
    await until(async () => (await pooled()).length === 1);
    await baseFee(1000n * GWEI);
    await mine();
    const error = await sent;
    expect(error).toMatchObject({ code: 'E_CHAIN_NOT_MINED', facts: { action: 'count' } });
    for (const { maxFeePerGas } of await pooled()) expect(BigInt(maxFeePerGas)).toBeLessThanOrEqual(cap);
    await baseFee(GWEI);
    const again = one.send('count', counter, '0x');
    await delay(100);
    await mine();
    expect((await again).transaction).toBe((error as { facts: { transaction: string } }).facts.transaction);
    expect(await count()).toBe(counted + 1);
  });

  it('a transaction whose nonce another process took fails with that reason, and is not sent again', async () => {
    const counted = await count();
    const sent = sender({ fees: { bumpAfterMilliseconds: 600 } }).send('count', counter, '0x');
    await until(async () => (await pooled()).length === 1);
    const [first] = await pooled();
    await wallet.sendTransaction({
      to: wallet.address,
      nonce: Number(first!.nonce),
      maxFeePerGas: 100n * GWEI,
      maxPriorityFeePerGas: 50n * GWEI,
    });
    await mine();
    await expect(sent).rejects.toMatchObject({ code: 'E_CHAIN_NONCE_TAKEN', facts: { action: 'count' } });
    await mine();
    expect(await count()).toBe(counted);
  });

  describe('when the process ends in between', () => {
    const stores: [string, () => Promise<{ store: TransactionStore; reopen: () => TransactionStore }>][] = [
      [
        'memory',
        async () => {
          const store = memoryTransactionStore();
          return { store, reopen: () => store };
        },
      ],
      [
        'a file',
        async () => {
          const folder = await mkdtemp(join(tmpdir(), 'chorus-sender-'));
          const path = join(folder, 'wallet.sqlite');
          const opened = [sqliteTransactionStore(path)];
          cleanups.push(async () => {
            for (const store of opened) store.close();
            await rm(folder, { recursive: true, force: true });
          });
          const reopen = (): TransactionStore => {
            opened.push(sqliteTransactionStore(path));
            return opened.at(-1)!;
          };
          return { store: opened[0]!, reopen };
        },
      ],
    ];
    const cleanups: (() => Promise<void>)[] = [];
    afterAll(async () => {
      for (const cleanup of cleanups) await cleanup();
    });

    for (const [name, open] of stores) {
      it(`after a crash before the broadcast, the sender sends the stored bytes (store: ${name})`, async () => {
        const counted = await count();
        const { store, reopen } = await open();
        const { provider: dead } = await openProvider(devnet.url);
        const good = dead.send.bind(dead);
        dead.send = (method, params) =>
          method === 'eth_sendRawTransaction' ? new Promise(() => undefined) : good(method, params);
        void sender({ on: dead, transactions: store }).send('count', counter, '0x');
        const account = wallet.address.toLowerCase() as Address;
        const kept = async (): Promise<PendingTransaction[]> => store.list(31337, account);
        await until(async () => (await kept()).length === 1);
        const [entry] = await kept();
        expect(entry).toMatchObject({ action: 'count', to: counter, data: '0x' });
        dead.destroy();
        const again = sender({ transactions: reopen() }).send('count', counter, '0x');
        await until(async () => (await pooled()).length === 1);
        await mine();
        expect((await again).transaction).toBe(Transaction.from(entry!.signed[0]!).hash);
        expect(await count()).toBe(counted + 1);
        expect(await kept()).toEqual([]);
      });

      it(`after a crash after the broadcast, the sender looks up the outcome (store: ${name})`, async () => {
        const [counted, used] = [await count(), await nonce()];
        const { store, reopen } = await open();
        const crash = new AbortController();
        const sent = sender({ transactions: store, signal: crash.signal }).send('count', counter, '0x');
        await until(async () => (await pooled()).length === 1);
        crash.abort();
        await expect(sent).rejects.toMatchObject({ code: 'E_CHAIN_NOT_MINED' });
        await mine();
        const again = sender({ transactions: reopen() });
        await again.send('count', counter, '0x');
        expect(await count()).toBe(counted + 1);
        expect(await nonce()).toBe(used + 1);
        // The call was answered: the next one is a new call.
        const next = again.send('count', counter, '0x');
        await until(async () => (await pooled()).length === 1);
        await mine();
        await next;
        expect(await count()).toBe(counted + 2);
      });
    }

    it('another call waits for a forgotten transaction that is on the network, and follows it', async () => {
      const [counted, used] = [await count(), await nonce()];
      const store = memoryTransactionStore();
      const crash = new AbortController();
      const sent = sender({ transactions: store, signal: crash.signal }).send('count', counter, '0x');
      await until(async () => (await pooled()).length === 1);
      crash.abort();
      await sent.catch(() => undefined);
      const next = sender({ transactions: store }).send('count again', counter, '0x01');
      await delay(60);
      await mine();
      await until(async () => (await pooled()).length === 1);
      await mine();
      await next;
      expect(await count()).toBe(counted + 2);
      expect(await nonce()).toBe(used + 2);
    });
  });
});
