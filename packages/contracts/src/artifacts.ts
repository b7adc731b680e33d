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
  /** Creation code, 0x-prefixed; constructor arguments are appended to it. `linkCode` fills in the libraries. */
  bytecode: string;
  /** Code on chain, 0x-prefixed, with zeros where the constructor writes immutables. */
  deployedBytecode: string;
  /** Where the linked libraries' addresses belong in `bytecode`, by source and name; empty if it links none. */
  linkReferences: LinkReferences;
  /** Likewise in `deployedBytecode`. */
  deployedLinkReferences: LinkReferences;
  /** Bytes of `deployedBytecode` that differ on chain: immutables, and a library's own address. */
  immutableReferences: readonly CodeRange[];
}

/** Bytes `start` to `start + length - 1` of a contract's code. */
export interface CodeRange {
  start: number;
  length: number;
}

export type LinkReferences = Readonly<Record<string, Readonly<Record<string, readonly CodeRange[]>>>>;

function load(contractName: string): ContractArtifact {
  return JSON.parse(readFileSync(new URL(`../artifacts/${contractName}.json`, import.meta.url), 'utf8'));
}

/** The ERC-20 that a network pays, stakes and votes with; constructor (holder, supply). */
export const chorusToken: ContractArtifact = load('ChorusToken');

/**
 * Tasks, rounds and the money behind them; see `contracts/interfaces/ITaskManager.sol`. To be linked with
 * `taskLibraries`, whose errors are in its ABI.
 */
export const taskManager: ContractArtifact = load('TaskManager');

/** The libraries that do the work of `taskManager` on its storage. None of them refers to another. */
export const taskLibraries: readonly ContractArtifact[] = [
  load('TaskClaims'),
  load('TaskCreation'),
  load('TaskDisputes'),
  load('TaskRounds'),
  load('TaskSettlement'),
];

/**
 * Checks the proof of every settlement by the rule `reference-trust`; see
 * `contracts/interfaces/IContributionVerifier.sol`.
 */
export const contributionVerifier: ContractArtifact = load('ContributionVerifier');

/** Likewise by the rule `reference-projection`. */
export const projectionVerifier: ContractArtifact = load('ProjectionVerifier');

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

/** Where agents are paid, and how a payment is divided; makes `agentUnits`. See `contracts/interfaces/IAgentTills.sol`. */
export const agentTills: ContractArtifact = load('AgentTills');

/** Units of agents, with a price by formula and a part of the revenue; see `contracts/interfaces/IAgentUnits.sol`. */
export const agentUnits: ContractArtifact = load('AgentUnits');

/** What the use of a model pays to those who trained it; see `contracts/interfaces/IModelRoyalties.sol`. */
export const modelRoyalties: ContractArtifact = load('ModelRoyalties');

/**
 * Jobs with their budget in escrow (ERC-8183); makes `optimisticEvaluator`. See
 * `contracts/interfaces/IAgenticCommerce.sol`.
 */
export const agenticCommerce: ContractArtifact = load('AgenticCommerce');

/** Evaluator of jobs with disputes and juries of validators; see `contracts/interfaces/IOptimisticEvaluator.sol`. */
export const optimisticEvaluator: ContractArtifact = load('OptimisticEvaluator');

/** Prepaid channels of payments (x402 `batch-settlement`); see `contracts/interfaces/IPaymentChannels.sol`. */
export const paymentChannels: ContractArtifact = load('PaymentChannels');

/** Takes signed deposits into channels; constructor (contract of channels). See `contracts/interfaces/IDepositCollector.sol`. */
export const authorizationCollector: ContractArtifact = load('AuthorizationCollector');
