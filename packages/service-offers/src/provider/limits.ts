/** Bounds on what strangers may have this node do. Each is a constant with its reason. */

/** Clocks of nodes may differ by this, seconds. */
export const CLOCK_SECONDS = 60;

/** Asks of one peer: a person asks some a minute; each may make this node dial the peer. */
export const ASKS_PER_PEER = { perSecond: 0.1, burst: 6 };
/** Asks of all peers: one that makes many names gets no more answered than this. */
export const ASKS = { perSecond: 2, burst: 60 };
/** Peers whose asks are counted, and asks that are remembered, so that none is answered twice. */
export const MAX_PEERS = 2_048;
export const MAX_SEEN = 4_096;

/** Answers that are sent at a time, and that wait for it: most of each is dialling a stranger. */
export const ANSWERS_AT_ONCE = 4;
export const MAX_WAITING = 64;
/** Longest wait for who asked to take an answer, ms. */
export const ANSWER_MILLISECONDS = 10_000;

/** Requests of one peer about orders: an order takes three, and is repeated after failures. */
export const ORDERS_PER_PEER = { perSecond: 0.5, burst: 20 };
/** Of all peers: each may make this node ask the chain. */
export const ORDERS = { perSecond: 20, burst: 200 };
/** Orders whose terms are kept before they are paid, and how long, ms: funding takes three transactions. */
export const MAX_AGREED = 1_024;
export const AGREED_MILLISECONDS = 600_000;

/** A job is set to work this often before it is given up: an answer of a model may miss its schema. */
export const MAX_ATTEMPTS = 3;
/** How long the node waits for the document of a paid job before it gives the job up, seconds. */
export const DOCUMENT_SECONDS = 900;
