/** Bounds on answers of strangers. Each is a constant with its reason. */

/** Answers to one ask that are kept: of one peer, and of all. More names get an attacker no more looks at the chain. */
export const MAX_ANSWERS = 64;
/** Agents that are looked up for one ask: each costs requests to the chain, storage and the peer. */
export const MAX_CHECKED = 16;
export const CHECKS_AT_ONCE = 4;
/** Longest time for all of them, ms. */
export const CHECK_MILLISECONDS = 30_000;
/** Asks that are remembered, to be ordered from, and asks of this node that are open at a time. */
export const MAX_ASKS = 32;
export const MAX_OPEN = 4;
/** Longest wait for an answer of a provider about an order, ms. */
export const ORDER_MILLISECONDS = 15_000;
/** Bytes of a provider's answer about an order: four answers, or a reason. */
export const REPLY_BYTES = 8_192;
/** Added to the promised time until a job expires: its funding takes transactions, and blocks their time, seconds. */
export const EXPIRY_SLACK_SECONDS = 900;
/** Longest wait for the answer to a call, ms. */
export const CALL_MILLISECONDS = 600_000;

/** Answers of one peer, and of all, while something is asked: each costs the check of a signature. */
export const ANSWERS_PER_PEER = { perSecond: 0.5, burst: 8 };
export const ANSWERS = { perSecond: 50, burst: 200 };
export const MAX_PEERS = 2_048;

/** Files of the answer to a call that are kept with the order, bytes. */
export const MAX_FILE_BYTES = 4 * 2 ** 20;
