import type { Explanation } from '@chorus/protocol';

/** What offers and orders of a node report. */
export type OffersEvent =
  /** An ask of a peer was answered with offers of this node's agents. */
  | { type: 'offers.answered'; peer: string; offers: string }
  /** A job was made from an offer of this node, and is done. */
  | { type: 'offers.taken'; jobId: string; agent: string; offer: string }
  | { type: 'offers.delivered'; jobId: string; agent: string; deliverable: string }
  /** A job could not be done: its budget went back. */
  | { type: 'offers.given-up'; jobId: string; agent: string; why: string }
  /** An order of this node has come further. */
  | { type: 'offers.order'; orderId: string; state: string; agentId: string | null; jobId: string | null }
  /** Something failed; the node goes on trying. */
  | ({ type: 'offers.failed'; jobId: string | null } & Explanation);
