import type { Address, ChannelContracts } from '@chorus/protocol';
import { type Interface, type JsonRpcProvider, ZeroAddress } from 'ethers';
import { ATTESTOR, COLLECTOR, COMMERCE, PARAMETERS, TASK_MANAGER, TILLS } from '../abi/abis.ts';
import { ChainError } from '../errors/errors.ts';
import { read } from '../rpc/rpc.ts';
import { AGENT_TILLS, AGENTIC_COMMERCE, CHANNEL_DEPOSITS } from './names.ts';

/** The contracts around one task contract. */
export interface ContractAddresses {
  taskManager: Address;
  parameters: Address;
  stakes: Address;
  attestor: Address;
  identities: Address;
  reputations: Address;
  validations: Address;
}

/** The contracts that divide what agents are paid. */
export interface RevenueAddresses {
  tills: Address;
  units: Address;
  royalties: Address;
}

/** The contracts of jobs. */
export interface MarketAddresses {
  commerce: Address;
  evaluator: Address;
}

/**
 * Find the contracts that a task contract works with: each names the next. @throws ChainError
 * `E_CHAIN_INVALID_PARAMS` if the deployment is incomplete, or of another version
 */
export async function findContracts(
  provider: JsonRpcProvider,
  taskManager: Address,
  signal?: AbortSignal,
): Promise<ContractAddresses> {
  const ask = async (to: string, abi: Interface, name: string): Promise<Address> => {
    const data = abi.encodeFunctionData(name);
    const result = await read(`read ${name}`, () => provider.call({ to, data }), signal);
    const address = String(abi.decodeFunctionResult(name, result)[0]).toLowerCase();
    if (address === ZeroAddress) throw new Error(`${name} is not set`);
    return address as Address;
  };
  try {
    const [parameters, stakes] = await Promise.all([
      ask(taskManager, TASK_MANAGER, 'parameters'),
      ask(taskManager, TASK_MANAGER, 'stakes'),
    ]);
    const attestor = await ask(parameters, PARAMETERS, 'attestor');
    const [identities, reputations, validations] = await Promise.all(
      ['identities', 'reputations', 'validations'].map((name) => ask(attestor, ATTESTOR, name)),
    );
    return {
      taskManager,
      parameters,
      stakes,
      attestor,
      identities: identities!,
      reputations: reputations!,
      validations: validations!,
    };
  } catch (cause) {
    if (cause instanceof ChainError && cause.code === 'E_CHAIN_UNREACHABLE') throw cause;
    throw new ChainError('E_CHAIN_INVALID_PARAMS', 'this is not the task contract of a complete deployment', {
      facts: { contract: taskManager },
      hint: 'check the address; `chorus chain deploy` completes an interrupted deployment',
      cause,
    });
  }
}

/**
 * Find the contracts that divide what agents are paid; null if the parameters name none.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function findRevenueContracts(
  provider: JsonRpcProvider,
  parameters: Address,
  signal?: AbortSignal,
): Promise<RevenueAddresses | null> {
  const found = await findNamed({ provider, parameters, signal }, AGENT_TILLS, TILLS, ['units', 'royalties']);
  return found && { tills: found[0]!, units: found[1]!, royalties: found[2]! };
}

/** Likewise the contracts of jobs. */
export async function findMarketContracts(
  provider: JsonRpcProvider,
  parameters: Address,
  signal?: AbortSignal,
): Promise<MarketAddresses | null> {
  const around = { provider, parameters, signal };
  const found = await findNamed(around, AGENTIC_COMMERCE, COMMERCE, ['optimisticEvaluator']);
  return found && { commerce: found[0]!, evaluator: found[1]! };
}

/** Likewise the contracts of payment channels. */
export async function findChannelContracts(
  provider: JsonRpcProvider,
  parameters: Address,
  signal?: AbortSignal,
): Promise<ChannelContracts | null> {
  const around = { provider, parameters, signal };
  const found = await findNamed(around, CHANNEL_DEPOSITS, COLLECTOR, ['x402BatchSettlement']);
  return found && { collector: found[0]!, channels: found[1]! };
}

/** The contract that the parameters know by this name, and those that it names itself; null if they know none. */
async function findNamed(
  around: { provider: JsonRpcProvider; parameters: Address; signal: AbortSignal | undefined },
  contract: string,
  abi: Interface,
  names: string[],
): Promise<Address[] | null> {
  const { provider, parameters, signal } = around;
  const ask = async (to: string, abi: Interface, name: string, args: unknown[] = []): Promise<Address> => {
    const data = abi.encodeFunctionData(name, args);
    const result = await read(`read ${name}`, () => provider.call({ to, data }), signal);
    return String(abi.decodeFunctionResult(name, result)[0]).toLowerCase() as Address;
  };
  try {
    const found = await ask(parameters, PARAMETERS, 'contractOf', [contract]);
    if (found === ZeroAddress) return null;
    return [found, ...(await Promise.all(names.map((name) => ask(found, abi, name))))];
  } catch (error) {
    // Parameters from before there were such names revert; an endpoint that lags has no answer.
    if (error instanceof ChainError && error.code === 'E_CHAIN_REVERTED') return null;
    throw error;
  }
}
