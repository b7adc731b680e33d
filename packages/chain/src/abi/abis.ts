import {
  agenticCommerce,
  agentTills,
  agentUnits,
  authorizationCollector,
  type ContractArtifact,
  chorusGovernor,
  chorusTimelock,
  chorusToken,
  contributionVerifier,
  identityRegistry,
  modelRoyalties,
  optimisticEvaluator,
  parameters,
  paymentChannels,
  projectionVerifier,
  reputationRegistry,
  roundAttestor,
  stakeManager,
  taskLibraries,
  taskManager,
  validationRegistry,
} from '@chorus/contracts';
import type { RuleName } from '@chorus/protocol';
import { Interface } from 'ethers';

/** Functions, events and errors of the contracts that the port talks to. */
export const TASK_MANAGER = new Interface(taskManager.abi);
export const STAKE_MANAGER = new Interface(stakeManager.abi);
export const PARAMETERS = new Interface(parameters.abi);
export const ATTESTOR = new Interface(roundAttestor.abi);
export const IDENTITIES = new Interface(identityRegistry.abi);
export const REPUTATIONS = new Interface(reputationRegistry.abi);
export const VALIDATIONS = new Interface(validationRegistry.abi);
export const TOKEN = new Interface(chorusToken.abi);
export const GOVERNOR = new Interface(chorusGovernor.abi);
export const TIMELOCK = new Interface(chorusTimelock.abi);
export const TILLS = new Interface(agentTills.abi);
export const UNITS = new Interface(agentUnits.abi);
export const ROYALTIES = new Interface(modelRoyalties.abi);
export const COMMERCE = new Interface(agenticCommerce.abi);
export const EVALUATOR = new Interface(optimisticEvaluator.abi);
export const CHANNELS = new Interface(paymentChannels.abi);
export const COLLECTOR = new Interface(authorizationCollector.abi);
export const VERIFIER = new Interface(contributionVerifier.abi);

/** The verifiers by rule. */
export const VERIFIERS: Readonly<Record<RuleName, ContractArtifact>> = {
  'reference-trust': contributionVerifier,
  'reference-projection': projectionVerifier,
};

/** All deployed contracts, by name. */
export const ARTIFACTS: ReadonlyMap<string, ContractArtifact> = new Map(
  [
    ...taskLibraries,
    agenticCommerce,
    agentTills,
    agentUnits,
    authorizationCollector,
    chorusGovernor,
    chorusTimelock,
    chorusToken,
    contributionVerifier,
    identityRegistry,
    modelRoyalties,
    optimisticEvaluator,
    parameters,
    paymentChannels,
    projectionVerifier,
    reputationRegistry,
    roundAttestor,
    stakeManager,
    taskManager,
    validationRegistry,
  ].map((artifact) => [artifact.contractName, artifact]),
);
