import { type ContractArtifact, chorusToken, taskManager } from '@chorus/contracts';
import type { Address, Hex } from '@chorus/protocol';
import { ContractFactory, NonceManager, Wallet } from 'ethers';
import { toChainError } from './errors.ts';
import { isDevChain, openProvider } from './rpc.ts';

export interface DeployOptions {
  url: string;
  /** Pays for the deployment and receives the token's whole supply. */
  privateKey: Hex;
  /** Receives the protocol fee; by default the deployer. */
  treasury?: Address;
  /** In the token's smallest unit; by default 10^9 tokens of 18 decimals. */
  supply?: bigint;
}

export interface Deployment {
  chainId: number;
  token: Address;
  taskManager: Address;
  treasury: Address;
}

const DEFAULT_SUPPLY = 10n ** 27n;

/**
 * Deploy the token and the task contract.
 * @throws ChainError `E_CHAIN_UNREACHABLE`, `E_CHAIN_NO_GAS`
 */
export async function deployChorus(options: DeployOptions): Promise<Deployment> {
  const { provider, chainId } = await openProvider(options.url);
  if (isDevChain(chainId)) provider.pollingInterval = 25;
  try {
    const wallet = new Wallet(options.privateKey, provider);
    const signer = new NonceManager(wallet);
    const treasury = (options.treasury ?? wallet.address).toLowerCase() as Address;
    const deploy = async (artifact: ContractArtifact, args: unknown[]): Promise<Address> => {
      const factory = new ContractFactory([...artifact.abi], artifact.bytecode, signer);
      const contract = await factory.deploy(...args);
      await contract.waitForDeployment();
      return (await contract.getAddress()).toLowerCase() as Address;
    };
    const token = await deploy(chorusToken, [options.supply ?? DEFAULT_SUPPLY]);
    const tasks = await deploy(taskManager, [treasury]);
    return { chainId, token, taskManager: tasks, treasury };
  } catch (error) {
    throw toChainError(error, 'deploy the contracts');
  } finally {
    provider.destroy();
  }
}
