import type { Address } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** An agent's identity (ERC-8004), as the registry has it now. */
export interface RegisteredAgent {
  agentId: bigint;
  owner: Address;
  /** Where it is paid; null if none is set, as after the identity has changed hands. */
  wallet: Address | null;
  /** Of its registration file; empty until it is set. */
  uri: string;
  /** Where it is served: `<peer id>/agents/<name>/`; null for an identity of no agent on a node. */
  place: string | null;
}

/** Transactions of a registration, at the chain's current price. */
export interface RegistrationCost {
  gas: bigint;
  /** In the chain's own currency. */
  wei: bigint;
}

/** Agents in the identity registry (ERC-8004). */
export interface AgentChain {
  /** Address of the registry. */
  identityRegistry(): Promise<Address>;
  /**
   * Register an identity for an agent of this account. It is no identity to stake on: `identity` of the account
   * leaves it out.
   * @param place `<peer id>/agents/<name>/`, kept in the registry: who controls the identity says that this peer serves it
   */
  registerAgent(place: string): Sent<{ agentId: bigint }>;
  /** Name the registration file. `uri` of at most 2048 bytes. As the identity's owner. */
  setAgentUri(agentId: bigint, uri: string): Sent;
  /** Null if there is no such identity. What others wrote is cut to the bounds of this port. */
  registeredAgent(agentId: bigint): Promise<RegisteredAgent | null>;
  /** The first identity that this account registered for the agent at this place, and still owns. */
  agentAt(place: string): Promise<bigint | null>;
  /** What `registerAgent` and `setAgentUri` would cost now, about; with the id of a registered agent the latter alone. */
  registrationCost(place: string, uri: string, agentId: bigint | null): Promise<RegistrationCost>;
}

/** Longest place of an agent in the registry, and longest URI that is read, bytes. */
export const MAX_PLACE_BYTES = 200;
export const MAX_AGENT_URI_BYTES = 16 * 1024;
