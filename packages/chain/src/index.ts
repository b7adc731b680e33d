/**
 * The settlement chain over EVM JSON-RPC: the chain port for one account, the contracts' deployment, and the
 * development chain that a demo or a test embeds.
 *
 * @example
 * const devnet = await startDevnet();
 * const [requester] = devnet.privateKeys;
 * const { taskManager, token } = await deployChorus({
 *   url: devnet.url, privateKey: requester!, verifier: developmentKey(),
 * });
 * const chain = await connectChain({ url: devnet.url, contract: taskManager, privateKey: requester! });
 * console.log(await chain.balance(token, chain.account));
 * await chain.close();
 * await devnet.close();
 *
 * @packageDocumentation
 */

export {
  AVAILABLE_TYPES,
  bitmapOf,
  bitsOf,
  CLAIM_TYPES,
  type ClaimOrder,
  commitmentsOf,
  isAvailableOf,
  isVerdictOf,
  noveltyHash,
  ruleId,
  ruleNameOf,
  sealOf,
  VERDICT_TYPES,
  type VoteContext,
  voteDomain,
} from './abi/signing.ts';
export { type ConnectOptions, connectChain } from './connect.ts';
export type { ContractAddresses } from './contracts/addresses.ts';
export { allowProofOf, allowRootOf } from './contracts/allow-list.ts';
export {
  formatUnits,
  parseUnits,
  readTokenDecimals,
  type TransferOptions,
  transferTokens,
} from './contracts/token.ts';
export {
  readVerifier,
  VERIFIER_SIZE,
  type VerifierOnChain,
  type VerifierSrs,
} from './contracts/verifier.ts';
export {
  type Deployment,
  type DeploymentStep,
  type DeployOptions,
  deployChorus,
  deploymentOf,
} from './deploy/deploy.ts';
export { type DeploymentFile, readDeployment } from './deploy/file.ts';
export type { Governance, InitialParameters, VerifierAddresses } from './deploy/plan.ts';
export { type DeploymentStatus, deploymentStatus } from './deploy/status.ts';
export { type Devnet, type DevnetOptions, devnetKeys, startDevnet } from './devnet/devnet.ts';
export { ChainError, decodeRevert, refusal } from './errors/errors.ts';
export {
  EventIndex,
  type EventIndexOptions,
  type IndexChange,
  type OpenedEventIndex,
  openEventIndex,
} from './events/event-index.ts';
export { memoryEventStore } from './events/memory-store.ts';
export { sqliteEventStore } from './events/sqlite-store.ts';
export type { BlockRef, EventStore, IndexedLog, StoredLogFilter } from './events/store.ts';
export { callsToSet, callToName } from './governance/calls.ts';
export { type DescribedCall, describeCall } from './governance/describe.ts';
export type { ChorusChain } from './ports/chorus-chain.ts';
export { readRawTransaction } from './read/raw-transaction.ts';
export { decimalsOf, withDecimals } from './read/token-decimals.ts';
export { inBackground } from './rpc/background.ts';
export { askEndpoint, type EndpointAnswer, isDevChain, readChainId } from './rpc/rpc.ts';
export type { FeePolicy } from './send/fees.ts';
export {
  memoryTransactionStore,
  type PendingTransaction,
  sqliteTransactionStore,
  type TransactionStore,
} from './send/journal.ts';
