import type { VerifierAddresses } from '@chorus/chain';
import { type CompiledContract, keyLibrary, keySource } from '@chorus/contracts/compile';
import { type Address, type Hex, hasGroups, RULE_NAMES, type RuleName } from '@chorus/protocol';
import { ContractFactory, type InterfaceAbi, JsonRpcProvider, Wallet } from 'ethers';
import { compileForTests } from '../compiled.ts';
import { trapdoorKey, trapdoorSrs } from './trapdoor-prover.ts';

const NAMES: Record<RuleName, string> = {
  'reference-trust': 'ContributionVerifier',
  'reference-projection': 'ProjectionVerifier',
};

/** The product's verifiers of these rules, compiled with the key of `trapdoor-prover.ts`. */
export function trapdoorVerifiers(rules: readonly RuleName[]): CompiledContract[] {
  const sources = Object.fromEntries(rules.map((rule) => [keySource(rule), keyLibrary(rule, trapdoorKey())]));
  return compileForTests({ names: rules.map((rule) => NAMES[rule]), sources });
}

/** Deploys the product's verifiers with the key and the reference string whose secrets are known. */
export function deployTrapdoorVerifiers(url: string, privateKey: Hex): Promise<VerifierAddresses> {
  const { tauG1, tauG2, tau2G2 } = trapdoorSrs();
  const srs = { tau1: tauG1, tau2: tauG2, tauSquared2: tau2G2, insecureDev: true };
  const compiled = trapdoorVerifiers(RULE_NAMES);
  return eachRule((_, index) => {
    const { abi, bytecode } = compiled[index]!;
    return deploy(url, privateKey, abi as InterfaceAbi, bytecode, [srs]);
  });
}

/**
 * Creation code of a verifier that accepts everything, and has the leading rows of its rule. For tests of the rules
 * around a proof, which would otherwise need one for each settlement.
 */
export function acceptingVerifier(rule: RuleName): string {
  // Whatever is called, return one word: to `headRows` it is the answer, and `verify` has none to give.
  const rows = hasGroups(rule) ? '04' : '01';
  return `0x6760${rows}5f5260205ff35f5260086018f3`;
}

/** Deploys such verifiers. */
export function deployAcceptingVerifiers(url: string, privateKey: Hex): Promise<VerifierAddresses> {
  return eachRule((rule) => deploy(url, privateKey, [], acceptingVerifier(rule), []));
}

/** One after the other: they are sent by one account. */
async function eachRule(
  make: (rule: RuleName, index: number) => Promise<Address>,
): Promise<VerifierAddresses> {
  const made: [RuleName, Address][] = [];
  for (const [index, rule] of RULE_NAMES.entries()) made.push([rule, await make(rule, index)]);
  return Object.fromEntries(made) as VerifierAddresses;
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
