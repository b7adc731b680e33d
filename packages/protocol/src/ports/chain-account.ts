import type { Address } from '../hex.ts';

/** The account that signs, and the contract that it uses. */
export interface ChainAccount {
  readonly chainId: number;
  /** The task contract. */
  readonly contract: Address;
  /** The account that signs. */
  readonly account: Address;
}
