import { type ContractArtifact, chorusToken, contributionVerifier, taskManager } from '@chorus/contracts';
import type { Address, G1Point, G2Point, Hex } from '@chorus/protocol';
import { ContractFactory, NonceManager, Wallet } from 'ethers';
import { toChainError } from './errors.ts';
import { isDevChain, openProvider } from './rpc.ts';

/** The part of a structured reference string that the verifier on chain holds. */
export interface VerifierSrs {
  /** [tau]1 */
  tauG1: G1Point;
  /** [tau]2 and [tau^2]2 */
  tauG2: G2Point;
  tau2G2: G2Point;
  /** An `insecure-dev` one is refused outside chain ids 31337 and 1337. */
  origin: 'insecure-dev' | 'ptau';
}

export interface DeployOptions {
  url: string;
  /** Pays for the deployment and receives the token's whole supply. */
  privateKey: Hex;
  /** The reference string to deploy a verifier with, or the address of a verifier that is deployed. */
  verifier: VerifierSrs | Address;
  /** Receives the protocol fee; by default the deployer. */
  treasury?: Address;
  /** In the token's smallest unit; by default 10^9 tokens of 18 decimals. */
  supply?: bigint;
}

export interface Deployment {
  chainId: number;
  token: Address;
  verifier: Address;
  taskManager: Address;
  treasury: Address;
}

const DEFAULT_SUPPLY = 10n ** 27n;

/**
 * Deploy the token, the verifier and the task contract.
 *
 * @example
 * const deployment = await deployChorus({ url, privateKey, verifier: developmentKey() });
 * @throws ChainError `E_CHAIN_UNREACHABLE`, `E_CHAIN_NO_GAS`, `E_CHAIN_INVALID_PARAMS` for a reference string
 * that is inconsistent, or insecure on this chain
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
    const verifier =
      typeof options.verifier === 'string'
        ? options.verifier
        : await deploy(contributionVerifier, [verifierSrs(options.verifier)]);
    const token = await deploy(chorusToken, [options.supply ?? DEFAULT_SUPPLY]);
    const tasks = await deploy(taskManager, [treasury, verifier]);
    return { chainId, token, verifier, taskManager: tasks, treasury };
  } catch (error) {
    throw toChainError(error, 'deploy the contracts');
  } finally {
    provider.destroy();
  }
}

function verifierSrs(srs: VerifierSrs): object {
  return {
    tau1: srs.tauG1,
    tau2: srs.tauG2,
    tauSquared2: srs.tau2G2,
    insecureDev: srs.origin === 'insecure-dev',
  };
}
