import { setTimeout as delay } from 'node:timers/promises';
import type { Hex } from '@chorus/protocol';
import { type FetchRequest, type JsonRpcProvider, keccak256, type Wallet } from 'ethers';
import { ChainError, toChainError } from '../errors/errors.ts';
import { CREATE2_PROXY, create2Call } from './create2.ts';
import type { DeploymentStep } from './deploy.ts';
import type { DeploymentFile, DeploymentTransaction } from './file.ts';
import type { DeploymentPlan } from './plan.ts';

/** More gas than any Chorus contract takes, less than a block of a development chain. */
const GAS_LIMIT = 12_000_000;

const MINED_TIMEOUT_MS = 20_000;

/** True for a development chain that mines each transaction at once. */
export async function minesAtOnce(provider: JsonRpcProvider): Promise<boolean> {
  return provider.send('anvil_getAutomine', []).then(
    (automine) => automine === true,
    () => false,
  );
}

interface Item {
  name: string;
  to: string;
  data: Hex;
  /** Creation code of a contract. */
  creation?: Hex;
}

/**
 * Deploy to a development chain that mines at once: everything that is missing, without estimates, and without
 * checking each result.
 */
export async function deployAtOnce(
  wallet: Wallet,
  chainId: number,
  plan: DeploymentPlan,
  record: DeploymentFile,
  onStep?: (step: DeploymentStep) => void,
): Promise<void> {
  const provider = wallet.provider as JsonRpcProvider;
  const missing = await missingOf(provider, plan);
  // The last call hands everything over: a failure before it can still be fixed.
  const handover = plan.calls.at(-1)!.name;
  const sent = new Map<string, Sent>();
  for (const items of [
    missing.filter((i) => i.name !== handover),
    missing.filter((i) => i.name === handover),
  ]) {
    for (const [name, transaction] of await sendAll(wallet, chainId, items)) sent.set(name, transaction);
    for (const { name, creation, to, data } of items) {
      if (!sent.get(name)!.failed) continue;
      // The proxy hides the reason of a failing constructor: call without it.
      await explain(provider, name, creation ? { data: creation } : { from: wallet.address, to, data });
    }
  }
  for (const { name, address } of plan.contracts) {
    const entry = record.contracts[name]!;
    entry.transaction = sent.get(name)?.transaction ?? entry.transaction;
    onStep?.({ name, address, transaction: entry.transaction });
  }
  for (const { name } of plan.calls) {
    record.calls[name] = sent.get(name)?.transaction ?? record.calls[name] ?? null;
    onStep?.({ name, address: null, transaction: record.calls[name] });
  }
}

interface Sent {
  transaction: DeploymentTransaction;
  failed: boolean;
}

/** Send all in order, then check their outcomes. */
async function sendAll(wallet: Wallet, chainId: number, items: Item[]): Promise<[string, Sent][]> {
  if (items.length === 0) return [];
  const provider = wallet.provider as JsonRpcProvider;
  const [nonce, fees] = await Promise.all([
    provider.getTransactionCount(wallet.address),
    provider.getFeeData(),
  ]);
  const price = { maxFeePerGas: fees.maxFeePerGas!, maxPriorityFeePerGas: fees.maxPriorityFeePerGas! };
  const signed = await Promise.all(
    items.map(({ to, data }, i) =>
      wallet.signTransaction({ type: 2, chainId, nonce: nonce + i, to, data, gasLimit: GAS_LIMIT, ...price }),
    ),
  );
  // One by one: a transaction that arrives before an earlier nonce would wait for ever.
  for (const transaction of signed) await provider.send('eth_sendRawTransaction', [transaction]);
  const hashes = signed.map((transaction) => keccak256(transaction));
  const receipts = await receiptsOf(provider, hashes);
  return items.map(({ name }, i) => [
    name,
    {
      transaction: transactionOf(hashes[i]!, receipts[i]),
      failed: (receipts[i] as { status?: string } | null)?.status !== '0x1',
    },
  ]);
}

/** On a busy machine the last blocks appear a moment after the answers. */
async function receiptsOf(provider: JsonRpcProvider, hashes: string[]): Promise<unknown[]> {
  const until = Date.now() + MINED_TIMEOUT_MS;
  for (;;) {
    const receipts = await batch(
      provider,
      hashes.map((hash) => ['eth_getTransactionReceipt', [hash]]),
    );
    if (receipts.every((receipt) => receipt !== null) || Date.now() > until) return receipts;
    await delay(10);
  }
}

async function missingOf(provider: JsonRpcProvider, plan: DeploymentPlan): Promise<Item[]> {
  const views = plan.calls.flatMap(({ to, done }) => done.map(({ data }) => ({ to, data })));
  const [codes, results] = await Promise.all([
    codesOf(provider, plan),
    batch(
      provider,
      views.map((view) => ['eth_call', [view, 'latest']]),
    ),
  ]);
  let next = 0;
  return [
    ...plan.contracts
      .filter((_, i) => codes[i] === '0x')
      .map(({ name, initCode: creation }) => {
        const data = create2Call(plan.inputs.salt, creation);
        return { name, to: CREATE2_PROXY, data, creation };
      }),
    ...plan.calls
      .filter(({ done }) => !done.map(({ result }) => results[next++] === result).every(Boolean))
      .map(({ name, to, data }) => ({ name, to, data })),
  ];
}

function codesOf(provider: JsonRpcProvider, plan: DeploymentPlan): Promise<string[]> {
  const calls = plan.contracts.map(({ address }): Request => ['eth_getCode', [address, 'latest']]);
  return batch(provider, calls) as Promise<string[]>;
}

type Request = [method: string, params: unknown[]];

/** Sends several requests in one; returns the answers in their order. */
async function batch(provider: JsonRpcProvider, requests: Request[]): Promise<unknown[]> {
  if (requests.length === 0) return [];
  const fetch: FetchRequest = provider._getConnection();
  fetch.body = requests.map(([method, params], i) => ({ jsonrpc: '2.0', id: i, method, params }));
  const response = await fetch.send();
  response.assertOk();
  const answers = response.bodyJson as { id: number; result?: unknown; error?: { message: string } }[];
  const results = new Array<unknown>(requests.length);
  for (const { id, result, error } of answers) {
    if (error) throw Object.assign(new Error(error.message), { code: 'UNKNOWN_ERROR', error });
    results[id] = result;
  }
  return results;
}

function transactionOf(hash: string, receipt: unknown): DeploymentTransaction {
  const { blockNumber, gasUsed, effectiveGasPrice } = (receipt ?? {}) as Record<string, string>;
  if (blockNumber === undefined) {
    throw new ChainError('E_CHAIN_DEPLOY', 'the development chain did not mine a transaction', {
      facts: { transaction: hash },
      hint: 'start the deployment again: it resumes',
    });
  }
  return {
    hash: hash as Hex,
    block: Number(blockNumber),
    gasUsed: Number(gasUsed),
    cost: String(BigInt(gasUsed!) * BigInt(effectiveGasPrice!)),
  };
}

/** The reason why a step failed: repeats the call, as the mined transaction does not give it. */
async function explain(
  provider: JsonRpcProvider,
  name: string,
  call: { from?: string; to?: string; data: string },
): Promise<never> {
  const cause = await provider.call(call).catch((error: unknown) => error);
  const reason = toChainError(cause, `deploy: ${name}`);
  if (reason.code !== 'E_CHAIN_UNREACHABLE') throw reason;
  throw new ChainError('E_CHAIN_DEPLOY', 'a step of the deployment failed', { facts: { step: name }, cause });
}
