import { type Address, type Hex, RULE_NAMES, type RuleName } from '@chorus/protocol';
import { computeAddress, type JsonRpcProvider } from 'ethers';
import { VERIFIER, VERIFIERS } from '../abi/abis.ts';
import { devnetKeys } from '../devnet/devnet.ts';
import { ChainError } from '../errors/errors.ts';
import { isDevChain, read } from '../rpc/rpc.ts';
import { isDeployed, type PlanInputs } from './plan.ts';

/**
 * Hashes (`verifyingKeyHash`) of Groth16 keys whose setup was made on one machine: its operator could have kept the
 * secret that forges proofs. See the transcripts in circuits/keys/.
 */
export const DEVELOPMENT_KEYS: readonly Hex[] = [
  '0xedd470d35cd01c9da324f7b15a35f80461725167a7667b69af1478e225a8cee6',
  '0x2aebe933cd66bdd7ece44e4b26f1dde61954e81839c59c0bcf9aca66ae9d8c40',
];

/** Number of development accounts to check for. */
const KNOWN_ACCOUNTS = 64;

/**
 * Refuse to deploy development-only keys and strings to a real chain.
 * @throws ChainError `E_CHAIN_DEVELOPMENT_ONLY`
 */
export async function refuseDevelopment(
  provider: JsonRpcProvider,
  chainId: number,
  inputs: PlanInputs,
): Promise<void> {
  if (isDevChain(chainId)) return;
  const known = devnetKeys(KNOWN_ACCOUNTS).map((key) => computeAddress(key).toLowerCase());
  for (const [what, account] of Object.entries({ deployer: inputs.deployer, treasury: inputs.treasury })) {
    if (known.includes(account)) {
      throw refused(`the key of the ${what} is publicly known`, 'use an account of your own', chainId);
    }
  }
  const { verifier } = inputs;
  const origins = isDeployed(verifier)
    ? await Promise.all(RULE_NAMES.map((rule) => originOf(provider, verifier[rule])))
    : [verifier.origin];
  if (origins.some((origin) => origin !== 'ptau')) {
    throw refused(
      'anyone can forge proofs under the development reference string',
      'import the .ptau file of a public powers-of-tau ceremony',
      chainId,
    );
  }
  const hashes = await Promise.all(
    RULE_NAMES.map((rule) => keyHashOf(provider, rule, isDeployed(verifier) ? verifier[rule] : null)),
  );
  if (hashes.some((hash) => DEVELOPMENT_KEYS.includes(hash))) {
    throw refused(
      'the keys of the circuit were made on one machine',
      'hold a ceremony for them (circuits/README.md), build the contracts with its keys, or give the addresses of verifiers that use such keys',
      chainId,
    );
  }
}

async function originOf(provider: JsonRpcProvider, verifier: Address): Promise<string> {
  const data = VERIFIER.encodeFunctionData('srs');
  const result = await read('read the verifier', () => provider.call({ to: verifier, data }));
  return VERIFIER.decodeFunctionResult('srs', result)[0].insecureDev ? 'insecure-dev' : 'ptau';
}

/** The key's hash of a verifier on chain, or of the one in the artifacts, by a call as if it were deployed. */
async function keyHashOf(provider: JsonRpcProvider, rule: RuleName, verifier: Address | null): Promise<Hex> {
  const data = VERIFIER.encodeFunctionData('verifyingKeyHash');
  const to = verifier ?? '0x00000000000000000000000000000000c0de0001';
  const override = verifier === null ? [{ [to]: { code: VERIFIERS[rule].deployedBytecode } }] : [];
  const result = await read('read the verifier’s key', () =>
    provider.send('eth_call', [{ to, data }, 'latest', ...override]),
  );
  return VERIFIER.decodeFunctionResult('verifyingKeyHash', result)[0];
}

function refused(message: string, hint: string, chainId: number): ChainError {
  return new ChainError('E_CHAIN_DEVELOPMENT_ONLY', message, { facts: { chainId }, hint });
}
