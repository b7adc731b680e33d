import type { Hex } from '../hex.ts';

/** A mined transaction. */
export interface Receipt {
  transaction: Hex;
  block: number;
  gasUsed: bigint;
}

declare const SENDS: unique symbol;

/**
 * The result of a port's method that sends a transaction, and the mark of such a method. It resolves when the
 * transaction is mined. Implementations return a plain promise.
 */
export type Sent<T = unknown> = Promise<Receipt & T> & { readonly [SENDS]?: true };

/** Names of the methods of a port that send a transaction. */
export type WriteMethod<Port> = {
  [Name in keyof Port]-?: NonNullable<Port[Name]> extends (...args: never[]) => infer Result
    ? typeof SENDS extends keyof Result
      ? Name
      : never
    : never;
}[keyof Port];
