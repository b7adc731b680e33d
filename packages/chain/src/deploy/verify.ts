import { type ContractArtifact, linkCode, linkDeployedCode } from '@chorus/contracts';
import type { Hex } from '@chorus/protocol';
import { type JsonRpcProvider, keccak256 } from 'ethers';
import { ARTIFACTS } from '../abi/abis.ts';
import { ChainError } from '../errors/errors.ts';
import { read } from '../rpc/rpc.ts';
import { create2Address } from './create2.ts';
import type { DeploymentFile } from './file.ts';
import { type DeploymentPlan, madeAddress } from './plan.ts';

/** The finding at the address of one contract. */
export interface CodeFinding {
  name: string;
  address: string;
  state: 'same' | 'missing' | 'other' | 'external';
  /** The finding in words. */
  found: string;
}

/**
 * Compare the code on chain with the artifacts: it exists, it is the artifact's except for the bytes that a
 * constructor writes, and the address is the one that CREATE2 gives to exactly this creation code with exactly these
 * constructor arguments, so the bytes that the constructor wrote are known as well.
 */
export async function checkCode(provider: JsonRpcProvider, file: DeploymentFile): Promise<CodeFinding[]> {
  const libraries = Object.fromEntries(
    Object.values(file.contracts).map(({ artifact, address }) => [artifact ?? '', address]),
  );
  return Promise.all(
    Object.entries(file.contracts).map(async ([name, entry]): Promise<CodeFinding> => {
      const code = await read('read code', () => provider.getCode(entry.address));
      const finding = (state: CodeFinding['state'], found: string): CodeFinding => ({
        name,
        address: entry.address,
        state,
        found,
      });
      if (code === '0x') return finding('missing', 'there is no code at this address');
      if (entry.codeHash !== null && keccak256(code) !== entry.codeHash) {
        return finding('other', 'the code is not the one that the deployment file names');
      }
      if (entry.artifact === null) return finding('external', 'deployed elsewhere; its code did not change');
      const artifact = ARTIFACTS.get(entry.artifact);
      if (artifact === undefined) return finding('other', `there is no artifact ${entry.artifact}`);
      if (masked(code, artifact) !== masked(linkDeployedCode(artifact, libraries), artifact)) {
        return finding('other', 'the code is not that of the artifact');
      }
      const made = madeAddress(name, (maker) => file.contracts[maker]?.address);
      if (made !== null) {
        return made === entry.address
          ? finding('same', 'code and address are those that its maker’s constructor gives')
          : finding('other', 'the address is not that of a contract that its maker’s constructor makes');
      }
      const initCode = `${linkCode(artifact, libraries)}${entry.constructorArguments.slice(2)}`;
      if (create2Address(file.salt, keccak256(initCode)) !== entry.address) {
        return finding('other', 'the address is not that of this creation code and these arguments');
      }
      return finding('same', 'code, constructor arguments and address are those of the artifact');
    }),
  );
}

/** Code with zeros where a constructor writes. */
function masked(code: string, artifact: ContractArtifact): string {
  let result = code.toLowerCase();
  for (const { start, length } of artifact.immutableReferences) {
    const from = 2 + 2 * start;
    result = result.slice(0, from) + '0'.repeat(2 * length) + result.slice(from + 2 * length);
  }
  return result;
}

/**
 * Check that all code and wiring is in place, and record the code's hashes. @throws ChainError `E_CHAIN_DEPLOY` that
 * names the first fault
 */
export async function checkDeployment(
  provider: JsonRpcProvider,
  chainId: number,
  file: DeploymentFile,
  plan: DeploymentPlan,
): Promise<void> {
  const wrong = (name: string, found: string): ChainError =>
    new ChainError('E_CHAIN_DEPLOY', 'the chain does not hold what was to be deployed', {
      facts: { step: name, found, chainId },
      hint: 'give another salt; if the error persists, do not trust the endpoint or the artifacts',
    });
  const libraries = Object.fromEntries(
    plan.contracts.map(({ artifact, address }) => [artifact.contractName, address]),
  );
  const artifacts = new Map(
    [...plan.contracts, ...plan.made].map(({ name, artifact }) => [name as string, artifact]),
  );
  await Promise.all(
    Object.entries(file.contracts).map(async ([name, entry]) => {
      const code = await read('read code', () => provider.getCode(entry.address));
      if (code === '0x') throw wrong(name, 'there is no code at its address');
      const artifact = artifacts.get(name);
      // Its address is the plan's, which follows from the creation code: so the constructor wrote the planned bytes.
      if (artifact && masked(code, artifact) !== masked(linkDeployedCode(artifact, libraries), artifact)) {
        throw wrong(name, 'other code is at its address');
      }
      entry.codeHash = keccak256(code) as Hex;
    }),
  );
  const views = plan.calls.flatMap(({ name, to, done }) => done.map((view) => ({ name, to, ...view })));
  const results = await Promise.all(views.map(({ to, data }) => provider.call({ to, data })));
  for (const [i, { name, result }] of views.entries()) {
    if (results[i] !== result) throw wrong(name, results[i]!);
  }
}
