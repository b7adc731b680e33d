/** The chain's latest block and the account's balance. */
export interface ChainHead {
  height: number;
  /** Unix seconds. */
  time: number;
  /** This account's balance of the chain's own coin, in its smallest unit. */
  gasBalance: bigint;
}

/** Current gas price and block time. */
export interface ChainPace {
  /** Price of a unit of gas, in the smallest unit of the chain's own coin; 0 if transactions are free. */
  gasPrice: bigint;
  /** Recent average of the seconds from one block to the next. */
  blockSeconds: number;
}

/** The requests that a node made to the endpoint of its chain. */
export interface ChainRequests {
  /** Number of requests in the last minute. */
  lastMinute: number;
  /** Most requests a minute; null if they are not bounded. */
  limit: number | null;
  /** "Too many requests" answers since the start. */
  limited: number;
  /** Unix milliseconds until which the endpoint asked for a pause; null if it asks for none. */
  pausedUntil: number | null;
}

/** The chain itself: its clock, its prices, and the connection to it. */
export interface HeadChain {
  /** The chain's own clock: the latest block's time, unix seconds. */
  now(): Promise<number>;
  /** Head of the chain, for display. Absent if the implementation has no blocks. */
  head?(): Promise<ChainHead>;
  pace(): Promise<ChainPace>;
  /** Requests to the chain's endpoint, for display. Absent if the implementation has no endpoint. */
  requests?(): ChainRequests;
  close(): Promise<void>;
}
