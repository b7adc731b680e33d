import type { Address } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** The terms under which units of an agent are sold, for ever. Amounts in the token's smallest unit. */
export interface UnitLaunch {
  token: Address;
  /** Price of the first unit, 1 to 2^96 - 1. */
  base: bigint;
  /** By which each unit costs more than the one before, below 2^96. */
  slope: bigint;
  /** Most units at a time, 1 to 2^24. */
  cap: bigint;
  /** Part of each payment to the agent that is the holders', hundredths of a percent: at most what its till's terms say. */
  holdersBps: number;
  /** Units that the creator buys at once. */
  creatorUnits: bigint;
  /** Over which these become free, evenly: at most 4 years. */
  vestingSeconds: number;
  /** 1 to 280 bytes. */
  description: string;
}

/** An agent's units, as one account sees them. */
export interface AgentUnits extends UnitLaunch {
  agentId: bigint;
  creator: Address;
  /** Unix seconds. */
  launchedAt: number;
  /** Units out, and what they cost together. */
  supply: bigint;
  reserve: bigint;
  /** Of the creator's units, those that are not free yet. */
  locked: bigint;
  /** The account's units, and revenue that it can claim. */
  held: bigint;
  revenue: bigint;
}

/** What a purchase costs, or a sale brings, without the fee; and the fee. */
export interface UnitQuote {
  amount: bigint;
  fee: bigint;
}

/**
 * Units of agents: a part of what an agent earns, at a price by formula. Methods throw `E_CHAIN_NO_TILLS` if the network
 * has no units.
 */
export interface UnitChain {
  /** Null if the agent has launched none. @param holder by default this account */
  units(agentId: bigint, holder?: Address): Promise<AgentUnits | null>;
  /** What `amount` units cost now; the fee comes on top. */
  quotePurchase(agentId: bigint, amount: bigint): Promise<UnitQuote>;
  /** What `amount` units bring now; the fee comes off. */
  quoteSale(agentId: bigint, amount: bigint): Promise<UnitQuote>;
  /** Launch units of an agent of this account, once. */
  launchUnits(agentId: bigint, launch: UnitLaunch): Sent;
  /** @param most that may be paid, fee included */
  buyUnits(agentId: bigint, amount: bigint, most: bigint): Sent<{ paid: bigint }>;
  /** @param least that is to be received, fee taken off */
  sellUnits(agentId: bigint, amount: bigint, least: bigint): Sent<{ received: bigint }>;
  /** Pay out this account's revenue of these agents. */
  claimUnitRevenue(agentIds: bigint[]): Sent<{ amounts: { agentId: bigint; amount: bigint }[] }>;
}
