import type { Explanation } from '@chorus/protocol';

/** What the market of a node reports. */
export type MarketEvent =
  /** A job waits for this node; `until` is a time, or null. */
  | { type: 'market.waits'; jobId: string; what: string; until: string | null; otherwise: string }
  /** The node did by itself what was due. */
  | { type: 'market.done'; jobId: string; what: string; transaction: string }
  /** It could not; it goes on trying. */
  | ({ type: 'market.failed'; jobId: string | null } & Explanation);
