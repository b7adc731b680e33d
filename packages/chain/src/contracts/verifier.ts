import type { Address, G1Point, G2Point, Hex, RuleName } from '@chorus/protocol';
import type { Interface, Result } from 'ethers';
import { PARAMETERS, TASK_MANAGER, VERIFIER } from '../abi/abis.ts';
import { ruleId } from '../abi/signing.ts';
import { openProvider, read } from '../rpc/rpc.ts';

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

/** The largest committee of the circuits that check settlements. */
export const VERIFIER_SIZE = 16;

/** The verifier with which a task contract checks its settlements. */
export interface VerifierOnChain {
  address: Address;
  /** The reference string that proofs must use. */
  srs: VerifierSrs;
  /** Names the circuit: keccak256 of its verifying key's numbers (`IContributionVerifier`). */
  verifyingKeyHash: Hex;
}

/**
 * Read a verifier: the one that a task fixed at creation (`task.verifier`), or by default the one that a task created
 * now with `rule` would get.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function readVerifier(options: {
  url: string;
  /** The task contract. */
  contract: Address;
  verifier?: Address;
  /** By default `reference-trust`. */
  rule?: RuleName;
}): Promise<VerifierOnChain> {
  const { provider } = await openProvider(options.url);
  const view = async (to: string, abi: Interface, name: string, args: unknown[] = []): Promise<Result> => {
    const data = abi.encodeFunctionData(name, args);
    return abi.decodeFunctionResult(name, await read(`read ${name}`, () => provider.call({ to, data })));
  };
  const current = async (): Promise<string> => {
    const [parameters] = await view(options.contract, TASK_MANAGER, 'parameters');
    const key = [ruleId(options.rule ?? 'reference-trust'), VERIFIER_SIZE];
    return String((await view(parameters, PARAMETERS, 'verifier', key))[0]);
  };
  try {
    const address = options.verifier ?? (await current());
    const [[srs], [hash]] = await Promise.all([
      view(address, VERIFIER, 'srs') as Promise<unknown> as Promise<[Result]>,
      view(address, VERIFIER, 'verifyingKeyHash') as Promise<unknown> as Promise<[Hex]>,
    ]);
    return {
      address: address.toLowerCase() as Address,
      srs: {
        tauG1: { x: srs.tau1.x, y: srs.tau1.y },
        tauG2: g2(srs.tau2),
        tau2G2: g2(srs.tauSquared2),
        origin: srs.insecureDev ? 'insecure-dev' : 'ptau',
      },
      verifyingKeyHash: hash,
    };
  } finally {
    provider.destroy();
  }
}

function g2(point: Result): G2Point {
  return { x: [point.x[0], point.x[1]], y: [point.y[0], point.y[1]] };
}
