/**
 * A2A 1.0 for agents: a server over any transport of HTTP, cards signed by a node's key, and a client for both.
 *
 * @packageDocumentation
 */
export {
  A2A_VERSION,
  CARD_PATH,
  LIBP2P_BINDING,
  PAYMENT_EXTENSION,
  type PeerUrl,
  parsePeerUrl,
  peerUrl,
  promisedTerms,
  receiptUrl,
} from './card/binding.ts';
export { type AgentDescription, type AgentPlaces, buildCard, type SkillDescription } from './card/build.ts';
export { signCard } from './card/sign.ts';
export { MAX_CARD_BYTES, type VerifiedCard, verifyCard } from './card/verify.ts';
export {
  AgentClient,
  type CallOptions,
  type ConnectOptions,
  callAgent,
  connectAgent,
} from './client/agent-client.ts';
export type { CallEvent } from './client/events.ts';
export { MAX_RESPONSE_BYTES, type TransportOptions } from './client/transport.ts';
export { CITATIONS_EXTENSION, RECEIPT_EXTENSION } from './execution/reporter.ts';
export { identityOfDid, identityOfPeerId, keysOfSeed, type NodeIdentity } from './identity/did-key.ts';
export { isPublicAddress } from './net/addresses.ts';
export type { GuardOptions } from './net/guarded-agent.ts';
export type { SendRequest } from './net/guarded-fetch.ts';
export { type A2aApp, type A2aAppOptions, a2aApp } from './server/app.ts';
export type { A2aBindings } from './server/context.ts';
export { type A2aLimits, DEFAULT_LIMITS } from './tasks/limits.ts';
