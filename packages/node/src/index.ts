/**
 * The host of a node: keys, configuration, store, events, log, metrics, resources, admin API, and the life of its
 * services. It knows no service; `createNode` is given those that the node has.
 *
 * @example
 * const node = await createNode({ config, services: { training: training() } });
 * await node.services.training.join(7n);
 *
 * @packageDocumentation
 */

export { type AddressUse, addressFault } from '@chorus/network';
export type { AdminEnv } from './admin/env.ts';
export { FileReader } from './admin/file-reader.ts';
export * from './config/index.ts';
export {
  type AnyCatalogue,
  because,
  debug,
  type EventCatalogue,
  info,
  type Jsonified,
  type Level,
  type LogMessage,
  type LogMessageOptions,
  mergeCatalogues,
  messageOf,
  secondsText,
  type Told,
  warn,
  withoutNumbers,
} from './events/catalogue.ts';
export type { AnyEvent, HostEvent } from './events/events.ts';
export { HOST_EVENTS } from './events/host-catalogue.ts';
export type { GatewayEnv } from './gateway/env.ts';
export { Governance } from './governance/index.ts';
export { factsOf, problemOf } from './http/problem.ts';
export { type Identity, verifyIdentity } from './identity/attestation.ts';
export { didOfPeerId, peerIdOfPublicKey, publicKeyOfPeerId } from './identity/did.ts';
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
export { openWallet, type PasswordSource, WALLET_KEY_FILE } from './identity/wallet.ts';
export { ChorusNode } from './lifecycle/chorus-node.ts';
export { type CreateNodeOptions, createNode } from './lifecycle/create-node.ts';
export { openAlone } from './lifecycle/open-alone.ts';
export { openChain } from './lifecycle/open-chain.ts';
export { viewAlone } from './lifecycle/view-alone.ts';
export { LOG_FILE, type Log, openLog } from './logging/log.ts';
export { ResourceBudget } from './resources/resource-budget.ts';
export type { Components } from './service/components.ts';
export { type Meter, setRows } from './service/meter.ts';
export type { Ports } from './service/ports.ts';
export { registrationUri } from './service/registration.ts';
export type {
  EventsOf,
  RegisteredService,
  Registration,
  Running,
  Service,
  ServiceDefinition,
  Services,
} from './service/service.ts';
export { decodeDetail, encodeDetail } from './store/codec.ts';
export { JOURNAL_FILE, journalOwner, type StoreOptions, setJournalAside } from './store/database.ts';
export { NodeStore } from './store/node-store.ts';
export { toStoreError } from './store/store-error.ts';
export {
  formatBytes,
  formatSeconds,
  formatUnits,
  minutesLeft,
  tokenUnits,
  withinWindows,
} from './utils/quantities.ts';
export { sizeOnDisk } from './utils/size-on-disk.ts';
