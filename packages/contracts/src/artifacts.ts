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

/** The ERC-20 that a network pays, stakes and votes with; constructor (holder, supply). */
export const chorusToken: ContractArtifact = load('ChorusToken');

/** Tasks, rounds and the money behind them; see `contracts/interfaces/ITaskManager.sol`. */
export const taskManager: ContractArtifact = load('TaskManager');

/** Checks the proof of every settlement; see `contracts/interfaces/IContributionVerifier.sol`. */
export const contributionVerifier: ContractArtifact = load('ContributionVerifier');

/** What governance may set, and where the contracts find each other; see `contracts/interfaces/IParameters.sol`. */
export const parameters: ContractArtifact = load('Parameters');

/** Stake behind identities, locked and slashed by tasks; see `contracts/interfaces/IStakeManager.sol`. */
export const stakeManager: ContractArtifact = load('StakeManager');

/** ERC-8004: who is who; see `contracts/interfaces/IIdentityRegistry.sol`. */
export const identityRegistry: ContractArtifact = load('IdentityRegistry');

/** ERC-8004: feedback on identities; see `contracts/interfaces/IReputationRegistry.sol`. */
export const reputationRegistry: ContractArtifact = load('ReputationRegistry');

/** ERC-8004: judgements of an identity's work; see `contracts/interfaces/IValidationRegistry.sol`. */
export const validationRegistry: ContractArtifact = load('ValidationRegistry');

/** Votes of the token's holders on the parameters (OpenZeppelin Governor). */
export const chorusGovernor: ContractArtifact = load('ChorusGovernor');

/** Owns the parameters and does what the governor decided after a delay (OpenZeppelin TimelockController). */
export const chorusTimelock: ContractArtifact = load('ChorusTimelock');

/** Writes settled rounds to the ERC-8004 registries; see `contracts/interfaces/IRoundAttestor.sol`. */
export const roundAttestor: ContractArtifact = load('RoundAttestor');
