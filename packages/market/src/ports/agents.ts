import type { AgentRegistry } from '@chorus/directory';
import type { Address, AgentAttachment, AgentEvent, AgentMessage, AgentRequest, Sum } from '@chorus/protocol';
import type { PublicOffer } from '../offers/offer.ts';
import type { Described } from '../ranking/fit.ts';

/** The name of the capability that a service with agents gives to one that trades. */
export const MARKET_AGENTS = 'market-agents';

/** An agent of this node with its offers, that the network can find. */
export interface OwnOffers extends Omit<Described, 'offer'> {
  /** In addresses. */
  name: string;
  agentId: bigint;
  offers: readonly PublicOffer[];
  /** Whether what it is paid is divided by its till. */
  isShared: boolean;
}

/** An agent of the network, looked up link by link. */
export interface CheckedAgent extends Omit<Described, 'offer'> {
  /** Whether every link from its identity to the peer that answers holds. */
  proven: boolean;
  /** The first link that does not, in words; null if all do. */
  broken: string | null;
  /** Who serves it, by the chain. */
  peerId: string | null;
  /** Where it is paid. */
  wallet: Address | null;
  /** What its signed card offers. */
  offers: readonly PublicOffer[];
  latencyMs: number;
}

/** A token that this node pays in. */
export interface PayToken {
  address: Address;
  symbol: string;
  decimals: number;
}

/** What an agent answered to a paid call. */
export interface CallAnswer {
  text: string;
  data: unknown[];
  files: AgentAttachment[];
}

/** What trading needs of the agents of a node. */
export interface MarketAgents {
  registry(): Promise<AgentRegistry>;
  /** Agents of this node with offers, that are announced and answer now. */
  own(): OwnOffers[];
  /** Have an agent of this node work without a payment: its price is in escrow. Throws as `AgentExecutor.execute`. */
  run(name: string, request: AgentRequest, signal: AbortSignal): AsyncIterable<AgentEvent>;
  /** Look up an agent of the network. @throws ChorusError of the chain */
  inspect(agentId: bigint): Promise<CheckedAgent>;
  /** Numbers and titles of the agents with offers that this node has heard of, and their offers without schemas. */
  listed(): { agentId: bigint; title: string; peerId: string; offers: readonly PublicOffer[] }[];
  /** What those who paid an agent say of it, as it was last read. */
  reputation(agentId: bigint): { score: number; raters: number } | null;
  /** Tokens that this node pays in. @throws ChorusError of the chain */
  tokens(): Promise<PayToken[]>;
  /** A sum in one of them. @throws ChorusError `E_AGENT_PRICE` */
  sum(sum: Sum): Promise<{ token: PayToken; units: bigint; text: string }>;
  /**
   * Call an agent of the network, and pay for it within the caps of this node.
   * @param options `pay`: the most that it may cost; null: nothing. `requestId`: the same when it is repeated
   * @throws ChorusError `E_PAYMENT_*`, `E_AGENT_*`, those of the network
   */
  call(
    agentId: bigint,
    message: AgentMessage,
    options: { pay: Sum | null; requestId: string; signal: AbortSignal },
  ): Promise<CallAnswer>;
}
