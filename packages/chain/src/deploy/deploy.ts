import { type Address, type ChannelContracts, type Hex, RULE_NAMES } from '@chorus/protocol';
import { id, type JsonRpcProvider, Wallet } from 'ethers';
import type { ContractAddresses, MarketAddresses, RevenueAddresses } from '../contracts/addresses.ts';
import { PUBLISHED_CHANNELS } from '../contracts/names.ts';
import type { VerifierSrs } from '../contracts/verifier.ts';
import { ChainError, toChainError } from '../errors/errors.ts';
import { isDevChain, openProvider, pollInterval, read } from '../rpc/rpc.ts';
import type { FeePolicy } from '../send/fees.ts';
import type { TransactionStore } from '../send/journal.ts';
import { type Mined, Sender } from '../send/sender.ts';
import { CREATE2_PROXY, create2Call, ensureProxy } from './create2.ts';
import { deployAtOnce, minesAtOnce } from './devnet-snapshot.ts';
import { type DeploymentFile, type DeploymentTransaction, readDeployment, writeDeployment } from './file.ts';
import {
  type DeploymentPlan,
  type Governance,
  type InitialParameters,
  type Market,
  type PlannedCall,
  type PlannedContract,
  planDeployment,
  type VerifierAddresses,
} from './plan.ts';
import { refuseDevelopment } from './preconditions.ts';
import { checkDeployment } from './verify.ts';

export interface DeployOptions {
  url: string;
  /** Key of the account that pays for the deployment and receives the token's whole supply. */
  privateKey: Hex;
  /** The reference string to deploy verifiers with, or the addresses of deployed verifiers. */
  verifier: VerifierSrs | VerifierAddresses;
  /** Account that receives the protocol fee; by default the deployer. */
  treasury?: Address;
  /** Supply in the token's smallest unit; by default 10^9 tokens of 18 decimals. */
  supply?: bigint;
  /** 32 bytes: other salts give other addresses. */
  salt?: Hex;
  governance?: Partial<Governance>;
  /** What the evaluator of jobs goes by: never changed later. */
  market?: Partial<Market>;
  /** Parameters to set before governance takes over. */
  initial?: InitialParameters;
  /** File to which the deployment is written, and from which a run resumes. */
  file?: string;
  /** Milliseconds between requests for receipts: by default 50 on a development chain, else 2000. */
  pollMilliseconds?: number;
  fees?: Partial<FeePolicy>;
  /** Store of signed transactions: with it, a run that was killed does not pay for anything twice. */
  transactions?: TransactionStore;
  onStep?: (step: DeploymentStep) => void;
  signal?: AbortSignal;
}

/** A contract or call that is in place. */
export interface DeploymentStep {
  name: string;
  /** Address of the contract; null for a call. */
  address: Address | null;
  /** Null if it was in place before. */
  transaction: DeploymentTransaction;
}

export interface Deployment extends ContractAddresses {
  chainId: number;
  /** Block from which to read events. */
  startBlock: number;
  token: Address;
  /** Verifiers by rule. */
  verifiers: VerifierAddresses;
  governor: Address;
  timelock: Address;
  treasury: Address;
  /** Revenue of agents; null in deployments from before there was any. */
  revenue: RevenueAddresses | null;
  /** Jobs; likewise. */
  market: MarketAddresses | null;
  /** Payment channels; likewise. */
  channels: ChannelContracts | null;
}

const DEFAULT_SUPPLY = 10n ** 27n;
const DEFAULT_SALT = id('chorus') as Hex;
const DAY = 86_400;

/**
 * Deploy everything, or complete what an earlier run began: tokens, registries, parameters, stakes, tasks with their
 * libraries, attestor, governor and timelock, wired and handed over to governance.
 *
 * Addresses follow from the inputs alone (CREATE2), the same on every chain. Steps already done are skipped, so the
 * next run completes one that was killed at any point.
 *
 * @example
 * const deployment = await deployChorus({ url, privateKey, verifier: developmentKey() });
 * @throws ChainError `E_CHAIN_UNREACHABLE`, `E_CHAIN_NO_GAS`, `E_CHAIN_INVALID_PARAMS` for a reference string that is
 * inconsistent, `E_CHAIN_DEVELOPMENT_ONLY` for anything that must not be on this chain, `E_CHAIN_DEPLOYMENT_FILE`,
 * `E_CHAIN_DEPLOY` if the code on the chain differs from the deployment
 */
export async function deployChorus(options: DeployOptions): Promise<Deployment> {
  const { provider, chainId } = await openProvider(options.url);
  if (isDevChain(chainId)) provider.pollingInterval = 25;
  try {
    const wallet = new Wallet(options.privateKey, provider);
    const deployer = wallet.address.toLowerCase() as Address;
    const plan = planDeployment({
      ...inputsOf(options, deployer),
      channels: await publishedChannels(provider),
    });
    await refuseDevelopment(provider, chainId, plan.inputs);
    const record = await recordOf(options, chainId, plan, await provider.getBlockNumber());
    await ensureProxy(wallet);
    const swift = isDevChain(chainId) && (await minesAtOnce(provider));
    if (swift) await deployAtOnce(wallet, chainId, plan, record, options.onStep);
    else await deployInTurn(wallet, chainId, plan, record, options);
    await checkDeployment(provider, chainId, record, plan);
    record.complete = true;
    if (options.file !== undefined) await writeDeployment(options.file, record);
    return deploymentOf(record);
  } catch (error) {
    throw toChainError(error, 'deploy the contracts');
  } finally {
    provider.destroy();
  }
}

/** The addresses in a deployment file. */
export function deploymentOf({ chainId, startBlock, treasury, contracts }: DeploymentFile): Deployment {
  const at = (name: string): Address => contracts[name]!.address;
  return {
    chainId,
    startBlock,
    token: at('token'),
    verifiers: {
      'reference-trust': at('verifier reference-trust'),
      'reference-projection': at('verifier reference-projection'),
    },
    taskManager: at('taskManager'),
    parameters: at('parameters'),
    stakes: at('stakes'),
    attestor: at('attestor'),
    identities: at('identities'),
    reputations: at('reputations'),
    validations: at('validations'),
    governor: at('governor'),
    timelock: at('timelock'),
    treasury,
    revenue: contracts.tills ? { tills: at('tills'), units: at('units'), royalties: at('royalties') } : null,
    market: contracts.commerce ? { commerce: at('commerce'), evaluator: at('evaluator') } : null,
    channels: contracts.collector ? { channels: at('channels'), collector: at('collector') } : null,
  };
}

/** The contract of channels that x402 publishes; null if this chain does not have it. */
async function publishedChannels(provider: JsonRpcProvider): Promise<Address | null> {
  const code = await read('look for the published contract of channels', () =>
    provider.getCode(PUBLISHED_CHANNELS),
  );
  return code === '0x' ? null : PUBLISHED_CHANNELS;
}

function inputsOf(options: DeployOptions, deployer: Address): Omit<DeploymentPlan['inputs'], 'channels'> {
  const supply = options.supply ?? DEFAULT_SUPPLY;
  return {
    salt: (options.salt ?? DEFAULT_SALT).toLowerCase() as Hex,
    deployer,
    treasury: (options.treasury ?? deployer).toLowerCase() as Address,
    supply,
    verifier: options.verifier,
    governance: {
      votingDelay: DAY,
      votingPeriod: 7 * DAY,
      proposalThreshold: supply / 1000n,
      quorumPercent: 4,
      timelock: 2 * DAY,
      ...options.governance,
    },
    market: { windowSeconds: DAY, stepSeconds: DAY / 2, seatStake: 10n ** 21n, ...options.market },
    initial: options.initial ?? {},
  };
}

/** The record of this deployment so far: a new one, or the one in the file if it has the same plan. */
async function recordOf(
  options: DeployOptions,
  chainId: number,
  plan: DeploymentPlan,
  height: number,
): Promise<DeploymentFile> {
  const { salt, deployer, treasury } = plan.inputs;
  const fresh: DeploymentFile = {
    format: 'chorus-deployment',
    version: 3,
    chainId,
    salt,
    deployer,
    treasury,
    startBlock: height,
    complete: false,
    contracts: {},
    calls: {},
  };
  for (const { name, address, artifact, constructorArguments, initCodeHash } of plan.contracts) {
    fresh.contracts[name] = {
      address,
      artifact: artifact.contractName,
      constructorArguments,
      initCodeHash,
      codeHash: null,
      transaction: null,
    };
  }
  /** Not created by a transaction of this deployment. */
  const others = [
    ...RULE_NAMES.map((rule) => ({
      name: `verifier ${rule}`,
      address: plan.addresses[`verifier ${rule}`],
      artifact: null,
    })),
    { name: 'channels', address: plan.addresses.channels, artifact: null },
    ...plan.made.map(({ name, address, artifact }) => ({ name, address, artifact: artifact.contractName })),
  ];
  for (const { name, address, artifact } of others) {
    fresh.contracts[name] ??= {
      address,
      artifact,
      constructorArguments: '0x',
      initCodeHash: null,
      codeHash: null,
      transaction: null,
    };
  }
  if (options.file === undefined) return fresh;
  const found = await readDeployment(options.file);
  if (found === null) {
    await writeDeployment(options.file, fresh);
    return fresh;
  }
  const same = (a: DeploymentFile): string =>
    JSON.stringify([
      a.chainId,
      a.salt,
      Object.entries(a.contracts)
        .map(([name, c]) => [name, c.address])
        .sort(),
    ]);
  if (same(found) !== same(fresh)) {
    throw new ChainError('E_CHAIN_DEPLOYMENT_FILE', 'the file is of another deployment', {
      facts: { path: options.file, chainId: found.chainId, salt: found.salt },
      hint: 'give the options that it began with, or another file',
    });
  }
  return found;
}

/** Sends one transaction after the other and waits for each; skips steps already done. */
async function deployInTurn(
  wallet: Wallet,
  chainId: number,
  plan: DeploymentPlan,
  record: DeploymentFile,
  options: DeployOptions,
): Promise<void> {
  const provider = wallet.provider as JsonRpcProvider;
  const sender = new Sender({
    provider,
    signer: wallet,
    chainId,
    account: plan.inputs.deployer,
    pollMilliseconds: options.pollMilliseconds ?? pollInterval(chainId),
    signal: options.signal ?? new AbortController().signal,
    transactions: options.transactions,
    fees: options.fees,
  });
  const told = (mined: Mined | null): DeploymentTransaction => {
    if (mined === null) return null;
    const { transaction: hash, block, gasUsed, gasPrice } = mined;
    return { hash, block, gasUsed: Number(gasUsed), cost: String(gasUsed * gasPrice) };
  };
  const send = async (name: string, to: Address, data: string): Promise<DeploymentTransaction> =>
    told(await sender.exclusive(() => sender.send(`deploy: ${name}`, to, data)));
  /** A step may be done by a transaction whose outcome an earlier run never learned. */
  const lookUp = async (name: string, to: Address, data: string): Promise<DeploymentTransaction> =>
    told(await sender.exclusive(() => sender.lookUp(`deploy: ${name}`, to, data)));
  const save = async (): Promise<void> => {
    if (options.file !== undefined) await writeDeployment(options.file, record);
  };
  for (const contract of plan.contracts) {
    const entry = record.contracts[contract.name]!;
    const data = create2Call(plan.inputs.salt, contract.initCode);
    if ((await provider.getCode(contract.address)) === '0x') {
      await refuseConstructor(provider, contract);
      entry.transaction = await send(contract.name, CREATE2_PROXY, data);
    } else entry.transaction ??= await lookUp(contract.name, CREATE2_PROXY, data);
    await save();
    options.onStep?.({ name: contract.name, address: contract.address, transaction: entry.transaction });
  }
  for (const call of plan.calls) {
    const { name, to, data } = call;
    if (!(await isDone(provider, call))) record.calls[name] = await send(name, to, data);
    else record.calls[name] ??= await lookUp(name, to, data);
    await save();
    options.onStep?.({ name, address: null, transaction: record.calls[name] });
  }
}

/** The proxy hides the reason of a failing constructor: call without it. */
async function refuseConstructor(provider: JsonRpcProvider, contract: PlannedContract): Promise<void> {
  await provider.call({ data: contract.initCode });
}

async function isDone(provider: JsonRpcProvider, call: PlannedCall): Promise<boolean> {
  const results = await Promise.all(call.done.map(({ data }) => provider.call({ to: call.to, data })));
  return results.every((result, i) => result === call.done[i]!.result);
}
