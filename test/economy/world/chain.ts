import { type Devnet, startDevnet } from '@chorus/chain';
import * as artifacts from '@chorus/contracts';
import { type ContractArtifact, linkCode } from '@chorus/contracts';
import type { CompiledContract } from '@chorus/contracts/compile';
import { Interface, type InterfaceAbi, Wallet } from 'ethers';
import { compileForTests } from '../../compiled.ts';

/** Enough for any call here; far below the limit of a block. */
const GAS = '0x1c9c380';

// biome-ignore lint/suspicious/noExplicitAny: what an ABI decodes to, read by name
export type Decoded = any;

export interface Log {
  address: string;
  topics: string[];
  data: string;
}

export interface Receipt {
  ok: boolean;
  logs: Log[];
  gasUsed: number;
  block: number;
  hash: string;
  contractAddress: string | null;
}

/** A call that the contracts refused. */
export class Refusal extends Error {
  /** Of the custom error; `Panic`, or `empty` where there was no reason. */
  readonly error: string;
  constructor(error: string) {
    super(error);
    this.error = error;
  }
}

const all = Object.values(artifacts).flatMap((value) => {
  if (Array.isArray(value)) return value as ContractArtifact[];
  return typeof value === 'object' && 'abi' in value ? [value as ContractArtifact] : [];
});
/** Every custom error of the contracts: one may pass through another contract. */
const ERRORS = new Interface(
  [
    ...new Set(all.flatMap(({ abi }) => abi.filter((e) => e.type === 'error').map((e) => JSON.stringify(e)))),
  ].map((text) => JSON.parse(text)) as InterfaceAbi,
);

/**
 * A development chain spoken to in one request per transaction, which is several times faster than a client that waits
 * for receipts. Each block is one second after the last, so that times are the same on every run.
 */
export class Chain {
  readonly devnet: Devnet;
  readonly wallets: Wallet[];
  /** Lower-case addresses of the accounts, whose transactions the chain signs itself. */
  readonly accounts: string[];
  transactions = 0;
  private id = 0;

  private constructor(devnet: Devnet) {
    this.devnet = devnet;
    this.wallets = devnet.privateKeys.map((key) => new Wallet(key));
    this.accounts = this.wallets.map((wallet) => wallet.address.toLowerCase());
  }

  static async start(accounts: number): Promise<Chain> {
    const chain = new Chain(await startDevnet({ accounts }));
    await chain.rpc('anvil_setBlockTimestampInterval', [1]);
    // Gas costs nothing here: the money that is counted is tokens.
    await chain.rpc('anvil_setMinGasPrice', ['0x0']).catch(() => undefined);
    await chain.rpc('anvil_setNextBlockBaseFeePerGas', ['0x0']);
    return chain;
  }

  async rpc<T = Decoded>(method: string, params: unknown[] = []): Promise<T> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++this.id, method, params });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.devnet.url, { method: 'POST', body, headers });
    const answer = (await response.json()) as { result?: T; error?: { message: string; data?: string } };
    if (answer.error) {
      const { message, data } = answer.error;
      if (method === 'eth_call' && /revert|InvalidOpcode|OutOfGas/i.test(message))
        throw new Refusal(errorName(data));
      throw new Error(`${method}: ${message}`);
    }
    return answer.result as T;
  }

  /** Send a transaction and wait for its block; a refused one is a receipt that is not `ok`. */
  async send(from: string, to: string | null, data: string): Promise<Receipt> {
    this.transactions++;
    const transaction = { from, ...(to === null ? {} : { to }), data, gas: GAS };
    const r = await this.rpc('eth_sendTransactionSync', [transaction]);
    return {
      ok: r.status === '0x1',
      logs: r.logs,
      gasUsed: Number(r.gasUsed),
      block: Number(r.blockNumber),
      hash: r.transactionHash,
      contractAddress: r.contractAddress,
    };
  }

  call(from: string, to: string, data: string): Promise<string> {
    return this.rpc<string>('eth_call', [{ from, to, data, gas: GAS }, 'latest']);
  }

  /** Unix seconds of the last block. */
  async now(): Promise<number> {
    return Number((await this.rpc('eth_getBlockByNumber', ['latest', false])).timestamp);
  }

  /** The next block is at `time`, unless that has passed. */
  async jumpTo(time: number): Promise<void> {
    if (time <= (await this.now())) return;
    await this.rpc('evm_setNextBlockTimestamp', [time]);
    await this.rpc('evm_mine');
  }

  async pass(seconds: number): Promise<void> {
    await this.jumpTo((await this.now()) + seconds);
  }

  async deploy(code: string): Promise<string> {
    const receipt = await this.send(this.accounts[0]!, null, code);
    if (!receipt.ok || receipt.contractAddress === null) throw new Error('a contract was not deployed');
    return receipt.contractAddress.toLowerCase();
  }

  /** Deploy a contract of the product, or one that only the test has. */
  async deployContract(
    artifact: ContractArtifact | CompiledContract,
    args: unknown[] = [],
    libraries: Record<string, string> = {},
  ): Promise<Deployed> {
    const abi = new Interface(artifact.abi as InterfaceAbi);
    const code = linkCode(artifact as ContractArtifact, libraries) + abi.encodeDeploy(args).slice(2);
    return new Deployed(this, await this.deploy(code), abi);
  }

  close(): Promise<void> {
    return this.devnet.close();
  }
}

/** Compiles contracts that only tests have, all at once: most of the time it takes is the compiler's start. */
export function compileSources(sources: Record<string, string>): Record<string, CompiledContract> {
  const names = Object.keys(sources);
  const files = Object.fromEntries(names.map((name) => [`contracts/${name}.sol`, sources[name]!]));
  const compiled = compileForTests({ names, sources: files });
  return Object.fromEntries(names.map((name, k) => [name, compiled[k]!]));
}

/** A contract on the chain, called as any account. */
export class Deployed {
  readonly chain: Chain;
  readonly address: string;
  readonly abi: Interface;

  constructor(chain: Chain, address: string, abi: Interface) {
    this.chain = chain;
    this.address = address;
    this.abi = abi;
  }

  /** @throws Refusal */
  async send(from: string, name: string, ...args: unknown[]): Promise<Receipt> {
    const data = this.abi.encodeFunctionData(name, args);
    const receipt = await this.chain.send(from, this.address, data);
    if (receipt.ok) return receipt;
    // State and clock are those of the failed transaction, so asking again gives its reason.
    await this.chain.call(from, this.address, data);
    throw new Refusal('unknown');
  }

  /** @throws Refusal */
  async read(name: string, ...args: unknown[]): Promise<Decoded> {
    const data = this.abi.encodeFunctionData(name, args);
    const answer = this.abi.decodeFunctionResult(
      name,
      await this.chain.call(this.chain.accounts[0]!, this.address, data),
    );
    return answer.length === 1 ? answer[0] : answer;
  }

  /** The custom error that a call would revert with; null where it would not. */
  async refusal(from: string, name: string, ...args: unknown[]): Promise<string | null> {
    try {
      await this.chain.call(from, this.address, this.abi.encodeFunctionData(name, args));
      return null;
    } catch (error) {
      if (error instanceof Refusal) return error.error;
      throw error;
    }
  }

  /** Events of this contract in a receipt. */
  events(receipt: Receipt): { name: string; args: Decoded }[] {
    return this.decode(receipt.logs);
  }

  /** Events of this contract among logs. */
  decode(logs: readonly Log[]): { name: string; args: Decoded }[] {
    return logs
      .filter((log) => log.address.toLowerCase() === this.address)
      .map((log) => this.abi.parseLog(log)!)
      .map(({ name, args }) => ({ name, args }));
  }
}

/** The name of the error in a revert's data. */
export function errorName(data: string | undefined): string {
  if (data === undefined || data === '0x') return 'empty';
  const known = ERRORS.parseError(data);
  return known?.name ?? data.slice(0, 10);
}
