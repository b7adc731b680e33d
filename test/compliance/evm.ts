import { type Devnet, startDevnet } from '@chorus/chain';
import * as artifacts from '@chorus/contracts';
import {
  type Contract,
  ContractFactory,
  Interface,
  type InterfaceAbi,
  JsonRpcProvider,
  type JsonRpcSigner,
  type TransactionReceipt,
  type TransactionReceiptParams,
  toQuantity,
  Wallet,
} from 'ethers';
import { expect } from 'vitest';
import { compileForTests } from '../compiled.ts';

type Artifact = { abi: readonly object[]; bytecode: string };

/** Every custom error of the contracts, so that one that passes through another contract has its name too. */
const ERRORS = new Interface(
  Object.values(artifacts)
    .flatMap((value) => (typeof value === 'object' && 'abi' in value ? [...value.abi] : []))
    .filter((entry) => entry.type === 'error')
    .map((entry) => JSON.stringify(entry))
    .filter((entry, i, all) => all.indexOf(entry) === i)
    .map((entry) => JSON.parse(entry)) as InterfaceAbi,
);

/** A development chain, and contracts on it without the chain package's client in between. */
export interface Evm {
  provider: JsonRpcProvider;
  /** Accounts whose transactions the chain signs itself. */
  signers: JsonRpcSigner[];
  /** The same accounts, for signatures of typed data. */
  wallets: Wallet[];
  deploy(artifact: Artifact, ...args: unknown[]): Promise<Contract>;
  /** Compile and deploy a contract that only the test needs. */
  deploySource(name: string, source: string, ...args: unknown[]): Promise<Contract>;
  now(): Promise<number>;
  passTime(seconds: number): Promise<void>;
  /** Remember the state that {@link restore} goes back to, any number of times. */
  save(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function startEvm(accounts = 6): Promise<Evm> {
  const devnet: Devnet = await startDevnet({ accounts });
  const options = { staticNetwork: true, cacheTimeout: -1, batchStallTime: 0 };
  const provider = new JsonRpcProvider(devnet.url, 31337, options);
  provider.pollingInterval = 10;
  const wallets = devnet.privateKeys.map((key) => new Wallet(key, provider));
  const signers = await Promise.all(wallets.map((wallet) => provider.getSigner(wallet.address)));
  const deploy = async ({ abi, bytecode }: Artifact, ...args: unknown[]): Promise<Contract> => {
    const factory = new ContractFactory(abi as InterfaceAbi, bytecode, signers[0]);
    const contract = await factory.deploy(...args);
    await contract.waitForDeployment();
    return contract as Contract;
  };
  let saved: string | null = null;
  const save = async () => {
    saved = await provider.send('evm_snapshot', []);
  };
  return {
    provider,
    signers,
    wallets,
    deploy,
    deploySource: (name, source, ...args) => {
      const sources = { [`contracts/${name}.sol`]: source };
      return deploy(compileForTests({ names: [name], sources })[0]!, ...args);
    },
    now: async () => (await provider.getBlock('latest'))!.timestamp,
    passTime: async (seconds) => {
      await provider.send('evm_increaseTime', [seconds]);
      await provider.send('evm_mine', []);
    },
    save,
    restore: async () => {
      await provider.send('evm_revert', [saved]);
      // Going back uses the snapshot up.
      await save();
    },
    close: async () => {
      provider.destroy();
      await devnet.close();
    },
  };
}

/** Enough for any call here; far below the limit of a block. */
const GAS = 30_000_000;

/**
 * Call a function that is to succeed, and wait for its block: one request, where a client that estimates, sends and
 * waits makes six. Of the overrides that may come last, `gasLimit` and `value` are known.
 */
export async function send(
  contract: Contract,
  name: string,
  ...args: unknown[]
): Promise<TransactionReceipt> {
  const method = contract.getFunction(name);
  const { data, gasLimit, value } = await method.populateTransaction(...args);
  const signer = contract.runner as JsonRpcSigner;
  const { provider } = signer;
  const raw = await provider.send('eth_sendTransactionSync', [
    {
      from: await signer.getAddress(),
      to: contract.target,
      data,
      gas: toQuantity(gasLimit ?? GAS),
      ...(value === undefined ? {} : { value: toQuantity(value) }),
    },
  ]);
  const receipt = provider._wrapTransactionReceipt(raw as TransactionReceiptParams, provider._network);
  if (receipt.status === 1) return receipt;
  await method.staticCall(...args);
  throw new Error(`${name} was not carried out`);
}

// biome-ignore lint/suspicious/noExplicitAny: what a function returns is known from its ABI alone
export function read(contract: Contract, name: string, ...args: unknown[]): Promise<any> {
  return contract.getFunction(name).staticCall(...args);
}

/** The name of the custom error that a call reverts with; null if it does not revert. */
export async function refusal(contract: Contract, name: string, ...args: unknown[]): Promise<string | null> {
  try {
    await contract.getFunction(name).staticCall(...args);
    return null;
  } catch (error) {
    const { data, reason } = error as { data?: string; reason?: string };
    if (typeof data !== 'string') throw error;
    return contract.interface.parseError(data)?.name ?? ERRORS.parseError(data)?.name ?? reason ?? data;
  }
}

/** Expect a call to revert with a custom error. */
export async function expectRefusal(
  error: string,
  contract: Contract,
  name: string,
  ...args: unknown[]
): Promise<void> {
  expect(await refusal(contract, name, ...args), `${name} reverts`).toBe(error);
}

/** `contract` as `signer` calls it. */
export function as(contract: Contract, signer: JsonRpcSigner): Contract {
  return contract.connect(signer) as Contract;
}

/** Arguments of the events of this name that `contract` emitted in a transaction. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function events(receipt: TransactionReceipt, contract: Contract, name: string): any[] {
  return receipt.logs
    .filter((log) => log.address === contract.target)
    .map((log) => contract.interface.parseLog(log))
    .filter((parsed) => parsed?.name === name)
    .map((parsed) => parsed!.args);
}
