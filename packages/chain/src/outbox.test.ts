import type { Address, Hex } from '@chorus/protocol';
import { type JsonRpcProvider, Transaction, Wallet } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Devnet, startDevnet } from './devnet.ts';
import type { PendingTransaction, TransactionStore } from './outbox.ts';
import { openProvider } from './rpc.ts';
import { Sender } from './sender.ts';

const RECEIVER: Address = '0x00000000000000000000000000000000000c0de5';
/** Code that reverts when called: PUSH1 0 PUSH1 0 REVERT. */
const REFUSES: Address = '0x00000000000000000000000000000000000bad00';

class MemoryStore implements TransactionStore {
  readonly open = new Map<number, PendingTransaction>();

  async put(transaction: PendingTransaction): Promise<void> {
    this.open.set(transaction.nonce, transaction);
  }
  async delete({ nonce }: { nonce: number }): Promise<void> {
    this.open.delete(nonce);
  }
  async list(): Promise<PendingTransaction[]> {
    return [...this.open.values()];
  }
}

describe('transactions that an earlier run left open', () => {
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let wallet: Wallet;
  let store: MemoryStore;
  const abort = new AbortController();

  const sender = (given: TransactionStore = store, on = provider): Sender =>
    new Sender({
      provider: on,
      signer: wallet,
      chainId: 31337,
      account: wallet.address.toLowerCase() as Address,
      pollMilliseconds: 20,
      signal: abort.signal,
      transactions: given,
    });
  const count = (): Promise<number> => provider.getTransactionCount(wallet.address);
  /** Signed and recorded, as by a process that died next. */
  const sign = async (to: Address, data: Hex = '0x'): Promise<Transaction> => {
    const fields = {
      to,
      data,
      nonce: await count(),
      chainId: 31337,
      gasLimit: 100_000,
      gasPrice: 10n ** 10n,
    };
    const signed = Transaction.from(await wallet.signTransaction({ ...fields, type: 0 }));
    const account = wallet.address.toLowerCase() as Address;
    const call = { chainId: 31337, account, nonce: signed.nonce, action: 'test', to, data };
    await store.put({ ...call, signed: [signed.serialized as Hex], since: Date.now() });
    return signed;
  };

  beforeAll(async () => {
    devnet = await startDevnet({ accounts: 1 });
    ({ provider } = await openProvider(devnet.url));
    wallet = new Wallet(devnet.privateKeys[0]!, provider);
    await provider.send('anvil_setCode', [REFUSES, '0x60006000fd']);
  });
  beforeEach(() => {
    store = new MemoryStore();
  });
  afterAll(async () => {
    abort.abort();
    provider?.destroy();
    await devnet?.close();
  });

  it('are recorded before they are sent', async () => {
    const failing: TransactionStore = {
      put: () => Promise.reject(new Error('the disk is full')),
      delete: async () => {},
      list: async () => [],
    };
    const before = await count();
    await expect(sender(failing).send('test', RECEIVER, '0x')).rejects.toThrow('the disk is full');
    expect(await count()).toBe(before);
    await sender().send('test', RECEIVER, '0x');
    expect(await count()).toBe(before + 1);
    expect(store.open.size).toBe(0);
  });

  it('are handed over as they were signed where they never arrived', async () => {
    const before = await count();
    const { hash } = await sign(RECEIVER);
    await sender().resume();
    expect(await count()).toBe(before + 1);
    expect((await provider.getTransactionReceipt(hash!))?.status).toBe(1);
    expect(store.open.size).toBe(0);
  });

  it('are not sent again where they were mined', async () => {
    const { serialized } = await sign(RECEIVER);
    await provider.send('eth_sendRawTransaction', [serialized]);
    const before = await count();
    await sender().resume();
    expect(await count()).toBe(before);
    expect(store.open.size).toBe(0);
  });

  it('are waited for where they are pending, and the next one comes after them', async () => {
    const before = await count();
    await provider.send('evm_setAutomine', [false]);
    try {
      const { hash, serialized } = await sign(RECEIVER);
      await provider.send('eth_sendRawTransaction', [serialized]);
      const one = sender();
      let resumed = false;
      const resuming = one.resume().then(() => {
        resumed = true;
      });
      const next = one.exclusive(() => one.send('next', RECEIVER, '0x'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(resumed).toBe(false);
      await provider.send('evm_setAutomine', [true]);
      await provider.send('evm_mine', []);
      await resuming;
      expect((await provider.getTransactionReceipt(hash!))?.status).toBe(1);
      await next;
      expect(await count()).toBe(before + 2);
    } finally {
      await provider.send('evm_setAutomine', [true]);
    }
  });

  it('are left where they would fail by now, or another took their nonce', async () => {
    const before = await count();
    await sign(REFUSES);
    await sender().resume();
    expect(await count()).toBe(before);
    expect(store.open.size).toBe(0);

    const late = await sign(RECEIVER);
    await wallet.sendTransaction({ to: RECEIVER, value: 1n }).then((sent) => sent.wait());
    await sender().resume();
    expect(await count()).toBe(before + 1);
    expect(await provider.getTransactionReceipt(late.hash!)).toBeNull();
    expect(store.open.size).toBe(0);
  });

  it('hold back new ones while the chain does not answer', async () => {
    await sign(RECEIVER);
    const { provider: silent } = await openProvider(devnet.url);
    silent.send = () => Promise.reject(new Error('connect ECONNREFUSED'));
    const before = await count();
    const one = sender(store, silent);
    await expect(one.exclusive(() => one.send('next', RECEIVER, '0x'))).rejects.toMatchObject({
      code: 'E_CHAIN_UNREACHABLE',
    });
    expect(await count()).toBe(before);
    expect(store.open.size).toBe(1);
    silent.destroy();
  });
});
