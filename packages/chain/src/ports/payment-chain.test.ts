import { chorusToken } from '@chorus/contracts';
import type { Address, Hex } from '@chorus/protocol';
import { ContractFactory, type InterfaceAbi, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectChain } from '../connect.ts';
import { type Devnet, startDevnet } from '../devnet/devnet.ts';
import type { ChorusChain } from './chorus-chain.ts';

let devnet: Devnet;
let provider: JsonRpcProvider;
let chain: ChorusChain;
let token: Address;
beforeAll(async () => {
  devnet = await startDevnet({ accounts: 2 });
  provider = new JsonRpcProvider(devnet.url, 31_337, { staticNetwork: true, cacheTimeout: -1 });
  const [privateKey] = devnet.privateKeys as [Hex];
  const owner = new Wallet(privateKey, provider);
  const factory = new ContractFactory(chorusToken.abi as InterfaceAbi, chorusToken.bytecode, owner);
  const contract = await factory.deploy(owner.address, 1_000n);
  await contract.waitForDeployment();
  token = (await contract.getAddress()).toLowerCase() as Address;
  chain = await connectChain({ url: devnet.url, contract: token, privateKey });
});
afterAll(async () => {
  await chain?.close();
  provider?.destroy();
  await devnet?.close();
});

const transfer = async (nonce: string, after: bigint) => {
  const now = BigInt((await provider.getBlock('latest'))!.timestamp);
  const to = new Wallet(devnet.privateKeys[1]!).address.toLowerCase() as Address;
  const times = { validAfter: now + after, validBefore: now + 6_000n };
  return chain.signTransfer({ token, to, value: 1n, nonce: `0x${nonce.repeat(32)}` as Hex, ...times });
};

it('a transfer is tried and sent as of the next block, however old the latest one is', async () => {
  // An idle chain: time has passed, and no block.
  await provider.send('evm_increaseTime', [3_000]);
  const signed = await transfer('11', 1_000n);
  await chain.tryTransfer(signed);
  const { transaction } = await chain.sendTransfer(signed);
  expect((await provider.getTransactionReceipt(transaction))?.status).toBe(1);
  await expect(chain.tryTransfer(await transfer('22', 5_000n))).rejects.toMatchObject({
    code: 'E_CHAIN_INVALID_SIGNATURE',
  });
});

it('transfers of one payer are sent one after the other: a second that its balance does not cover costs no gas', async () => {
  const [, second] = devnet.privateKeys as [Hex, Hex];
  const poor = await connectChain({ url: devnet.url, contract: token, privateKey: second });
  try {
    const now = BigInt((await provider.getBlock('latest'))!.timestamp);
    const times = { token, to: chain.account, validAfter: 0n, validBefore: now + 6_000n };
    const value = await poor.balance(token, poor.account);
    const signed = await Promise.all(
      ['44', '55'].map((nonce) =>
        poor.signTransfer({ ...times, value, nonce: `0x${nonce.repeat(32)}` as Hex }),
      ),
    );
    const before = await provider.getTransactionCount(chain.account);
    const ends = await Promise.allSettled(signed.map((each) => chain.sendTransfer(each)));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await provider.getTransactionCount(chain.account)).toBe(before + 1);
  } finally {
    await poor.close();
  }
});

it('a transfer that would be refused is not sent', async () => {
  const signed = await transfer('33', -1n);
  const before = await provider.getTransactionCount(chain.account);
  await expect(chain.sendTransfer({ ...signed, value: 2n })).rejects.toMatchObject({
    code: 'E_CHAIN_INVALID_SIGNATURE',
  });
  expect(await provider.getTransactionCount(chain.account)).toBe(before);
});
