import type { Address } from '../hex.ts';

/** ERC-20 tokens, as far as they are read. */
export interface TokenChain {
  /** @throws ChorusError `E_CHAIN_TOKEN` if no token is at the address */
  balance(token: Address, account: Address): Promise<bigint>;
  /**
   * Decimals of a token: one token is 10 to that power of its smallest unit.
   * @throws ChorusError `E_CHAIN_TOKEN` if it states none, or more than 77
   */
  decimals(token: Address): Promise<number>;
  /** What a token calls itself, in one plain line of at most 16 characters; null where it does not say. */
  symbol(token: Address): Promise<string | null>;
}
