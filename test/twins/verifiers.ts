import { type CompiledContract, KEY_SOURCE, renderKey } from '@chorus/contracts/compile';
import type { Address, Hex } from '@chorus/protocol';
import { ContractFactory, type InterfaceAbi, JsonRpcProvider, Wallet } from 'ethers';
import { compileForTests } from '../compiled.ts';
import { trapdoorKey, trapdoorSrs } from './trapdoor-prover.ts';

/** The product's verifier, compiled with the key of `trapdoor-prover.ts`. */
export function trapdoorVerifier(): CompiledContract {
  const sources = { [KEY_SOURCE]: renderKey(trapdoorKey()) };
  return compileForTests({ names: ['ContributionVerifier'], sources })[0]!;
}

/** Deploys the product's verifier with the key and the reference string whose secrets are known. */
export function deployTrapdoorVerifier(url: string, privateKey: Hex): Promise<Address> {
  const { tauG1, tauG2, tau2G2 } = trapdoorSrs();
  const { abi, bytecode } = trapdoorVerifier();
  const srs = { tau1: tauG1, tau2: tauG2, tauSquared2: tau2G2, insecureDev: true };
  return deploy(url, privateKey, abi as InterfaceAbi, bytecode, [srs]);
}

/**
 * Deploys a verifier that accepts everything: code of one byte, STOP. For tests of the rules around a proof,
 * which would otherwise need one for each settlement.
 */
export function deployAcceptingVerifier(url: string, privateKey: Hex): Promise<Address> {
  // Creation code: return one zero byte of memory.
  return deploy(url, privateKey, [], '0x60016000f3', []);
}

async function deploy(
  url: string,
  privateKey: Hex,
  abi: InterfaceAbi,
  bytecode: string,
  args: unknown[],
): Promise<Address> {
  const provider = new JsonRpcProvider(url, 31337, { staticNetwork: true, cacheTimeout: -1 });
  provider.pollingInterval = 20;
  try {
    const factory = new ContractFactory(abi, bytecode, new Wallet(privateKey, provider));
    const contract = await factory.deploy(...args);
    await contract.waitForDeployment();
    return (await contract.getAddress()).toLowerCase() as Address;
  } finally {
    provider.destroy();
  }
}
