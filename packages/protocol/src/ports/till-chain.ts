import type { Address } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** A part of each payment to an agent: of what the protocol's fee leaves. */
export interface TillShare {
  /** Of a task, or of an agent. */
  id: bigint;
  /** Hundredths of a percent, 1 to 10000. */
  bps: number;
}

/** How payments to an agent are divided; what is left is the agent's own. */
export interface TillTerms {
  /** To the holders of the agent's units. */
  holdersBps: number;
  /** To those who trained the models of these tasks; at most 4, ascending by id. */
  models: TillShare[];
  /** To these agents, as its tools; at most 8, ascending by id. */
  tools: TillShare[];
}

/** Where an agent is paid. */
export interface Till {
  address: Address;
  terms: TillTerms;
  /** Terms that have been proposed, and when they can be applied (unix seconds). */
  proposed: { terms: TillTerms; effectiveAt: number } | null;
}

/** How the contents of a till were divided, in the token's smallest unit. */
export interface TillCollection {
  /** What was in the till, and what tills that the agent is a tool of passed on to it. */
  paid: bigint;
  passed: bigint;
  protocolFee: bigint;
  trainers: bigint;
  holders: bigint;
  tools: bigint;
  /** What is left, and who it is owed to. */
  rest: bigint;
  creator: Address;
}

/** Most tasks, and most agents, that the terms of a till may name. */
export const MAX_TILL_MODELS = 4;
export const MAX_TILL_TOOLS = 8;

/**
 * Tills of agents, and what they pay to whom: each identity has an address that takes payments, and anyone may have its
 * contents divided by the agent's terms. Methods that need the contracts throw `E_CHAIN_NO_TILLS` if the network has none.
 */
export interface TillChain {
  /** The till's address; null if the network has no tills. It takes payments also before anything is known of the agent. */
  tillOf(agentId: bigint): Promise<Address | null>;
  till(agentId: bigint): Promise<Till>;
  /** What {@link collectTill} would divide now. */
  collectable(agentId: bigint, token: Address): Promise<bigint>;
  /**
   * Set the terms of an agent of this account. The first count at once (`effectiveAt` null), all later ones 7 days after,
   * when {@link applyTillTerms} is called.
   */
  setTillTerms(agentId: bigint, terms: TillTerms): Sent<{ effectiveAt: number | null }>;
  applyTillTerms(agentId: bigint): Sent;
  /** Divide what is in a till: anyone may. `collection` is null if it was empty. */
  collectTill(agentId: bigint, token: Address): Sent<{ collection: TillCollection | null }>;
  /** What the tills owe an account, as an agent's owner or as the treasury. */
  owedByTills(token: Address, account: Address): Promise<bigint>;
  /** Pay out what the tills owe this account. */
  withdrawFromTills(token: Address): Sent<{ amount: bigint }>;
  /** What this account is due of the royalties of these tasks, as a trainer; nothing of a task that has not ended. */
  royalties(token: Address, account: Address, taskIds: bigint[]): Promise<bigint>;
  claimRoyalties(token: Address, taskIds: bigint[]): Sent<{ amount: bigint }>;
}

/** Whether two terms say the same. */
export function sameTerms(a: TillTerms, b: TillTerms): boolean {
  const same = (x: TillShare[], y: TillShare[]): boolean =>
    x.length === y.length && x.every(({ id, bps }, i) => id === y[i]!.id && bps === y[i]!.bps);
  return a.holdersBps === b.holdersBps && same(a.models, b.models) && same(a.tools, b.tools);
}
