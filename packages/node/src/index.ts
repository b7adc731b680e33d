/**
 * A node, wired from the ports, that takes part in the rounds of tasks.
 *
 * ```
 * announce -> train -> commit -> reference -> vote -> aggregate -> prove -> settle -> recompute
 * ```
 *
 * Each stage is a file of `rounds/stages/` (announce: `tasks/`, vote: `rounds/votes/`); `TaskRunner` decides when
 * each is due, from chain state alone.
 *
 * @packageDocumentation
 */

export { type AddressUse, addressFault } from '@chorus/network';
export { looksAround } from './adversary/vectors.ts';
export { type ConfigDefinition, defineConfig } from './config/definition.ts';
export { editConfig } from './config/edit.ts';
export type { ConfigField } from './config/fields.ts';
export { CONFIG_FILE } from './config/file.ts';
export { tokensSchema } from './config/limits-config.ts';
export {
  type ConfigSource,
  findField,
  type LoadedConfig,
  type LoadOptions,
  loadConfig,
} from './config/load.ts';
export type { ConfigSection } from './config/section.ts';
export { renderConfig } from './config/template.ts';
export { upgradeFile } from './config/upgrade.ts';
export type { Ports } from './context/ports.ts';
export { fitDataset } from './data/fit-data.ts';
export {
  type AddDataOptions,
  type AddedData,
  addData,
  DATA_FILE,
  examineData,
  listData,
  openData,
  type RegisteredData,
  removeData,
} from './data/registry.ts';
export type { EventJson } from './events/event-schema.ts';
export type { EventSink, NodeEvent, Stage } from './events/training-events.ts';
export { type Identity, verifyIdentity } from './identity/attestation.ts';
export {
  createIdentity,
  IDENTITY_FILE,
  readIdentity,
  replaceWallet,
  rotateNodeKey,
  unlockWallet,
} from './identity/identity.ts';
export {
  checkKeystore,
  checkNewPassword,
  decryptWallet,
  encryptWallet,
  KEYSTORE_FILE,
  readKeystore,
} from './identity/keystore.ts';
export { NODE_KEY_FILE, readNodeKey, writeNewNodeKey } from './identity/node-key.ts';
export { type PasswordSource, WALLET_KEY_FILE } from './identity/wallet.ts';
export type { RoundQuery } from './journal/history.ts';
export { Journal, type JournalReader, type JournalTask } from './journal/journal.ts';
export type { RoundRecord, TokenTotals } from './journal/records.ts';
export type { RecordedStep, StepGate, StepName, StepPoint, StepState } from './journal/steps.ts';
export { ChorusNode } from './lifecycle/chorus-node.ts';
export type { NodeDependencies } from './lifecycle/node-parts.ts';
export { LOG_FILE, type Log, openLog } from './logging/log.ts';
export { type Level, logMessageOf, NODE_EVENTS } from './logging/log-messages.ts';
export { independentValidators } from './policy/task-policy.ts';
export { createProving, type Proving } from './proving/proving.ts';
export { type OpenedStakes, openStakes, viewStakes } from './stakes/open-stakes.ts';
export { type StartOptions, startNode } from './start.ts';
export { waitsFor } from './status/waits-for.ts';
export { JOURNAL_FILE, journalOwner, setJournalAside } from './store/database.ts';
export { publishTask, type TaskRequest } from './tasks/announce.ts';
export { newestTask } from './tasks/create-task.ts';
export {
  ATTACKS,
  type Attack,
  attackSchema,
  describeAttack,
  namesOf,
} from './training-config/attack-config.ts';
export { type NodeConfigInput, parseConfig, TRAINING_NODE } from './training-config/node-config.ts';
export { OWN_NETWORK, OWN_NETWORK_VALUES } from './training-config/own-network.ts';
export { limitsSchema, type NodeConfig } from './training-config/settings.ts';
export { isAlive } from './utils/is-alive.ts';
