import { readFileSync } from 'node:fs';

/** One entry of a contract's JSON ABI. */
export interface AbiEntry {
  type: string;
  name?: string;
  [key: string]: unknown;
}

/** A contract as committed under `artifacts/`. */
export interface ContractArtifact {
  contractName: string;
  /** Compiler and version that made it. */
  compiler: string;
  abi: readonly AbiEntry[];
  /** Creation code, 0x-prefixed; constructor arguments are appended to it. */
  bytecode: string;
  /** Code on chain, 0x-prefixed, with zeros where the constructor writes immutables. */
  deployedBytecode: string;
}

function load(contractName: string): ContractArtifact {
  return JSON.parse(readFileSync(new URL(`../artifacts/${contractName}.json`, import.meta.url), 'utf8'));
}

/** The ERC-20 (with EIP-2612 permits) of a development or private network. */
export const chorusToken: ContractArtifact = load('ChorusToken');

/** Tasks, rounds and the money behind them; see `contracts/interfaces/ITaskManager.sol`. */
export const taskManager: ContractArtifact = load('TaskManager');

/** Checks the proof of every settlement; see `contracts/interfaces/IContributionVerifier.sol`. */
export const contributionVerifier: ContractArtifact = load('ContributionVerifier');

/** What governance may set, and where the contracts find each other; see `contracts/interfaces/IParameters.sol`. */
export const parameters: ContractArtifact = load('Parameters');

/** Stake behind identities, locked and slashed by tasks; see `contracts/interfaces/IStakeManager.sol`. */
export const stakeManager: ContractArtifact = load('StakeManager');
