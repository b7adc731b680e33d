/** Bounds on everything that arrives from elsewhere. Each is a constant with its reason. */

/** Trainers of one committee: the contribution circuit exists for 16 rows and the reference. */
export const MAX_TRAINERS = 16;

/** Validators of a task; their references are summed into the leading rows of the Gram matrix. */
export const MAX_VALIDATORS = 15;

/** Candidates to aggregate; each gets one settlement window, so the list bounds how long a round may last. */
export const MAX_AGGREGATORS = 16;

/** Trainable parameters of a model. While d <= 2^22 an int16 inner product is below 2^52: exact in float64. */
export const MAX_DIMENSION = 2 ** 22;

/**
 * Norm to which a validator scales the reference of a model with `dimension` parameters: all references count alike,
 * however large their gradients. Entries stay fine (2^18 over 2^22 parameters is 128 each) and within int16.
 */
export function referenceNorm(dimension: number): number {
  return Math.min(2 ** 18, Math.floor(8192 * Math.sqrt(dimension)));
}

/** Largest squared norm of a reference that validators accept: 2 % above `referenceNorm`, for rounding. */
export function referenceNormLimit(dimension: number): number {
  return Math.floor(1.02 * referenceNorm(dimension) ** 2);
}

/** Rounds of one task: the integer model sum of 2^12 rounds of entries below 2^31 stays exact in float64. */
export const MAX_ROUNDS = 4096;

/** Largest magnitude of an update's entry (int16 without -32768, so that negation never overflows). */
export const MAX_ENTRY = 32767;

/** Weights of a round sum to at most this (2^16). */
export const WEIGHT_ONE = 65536;

/** Shares of a round sum to at most this (2^32). */
export const SHARE_ONE = 4294967296;

/** Size of one gossip message. An announcement with its terms is under 4 KiB. */
export const MAX_GOSSIP_BYTES = 16 * 1024;

/** Size of a task's terms in canonical JSON. */
export const MAX_TERMS_BYTES = 8 * 1024;

/** Accounts of a task's allow list: 6 KiB of its terms, several times the most members a task can have. */
export const MAX_ALLOWED = 128;

/** Names of classes in a task's terms, and letters of one: they share the terms' 8 KiB with the allow list. */
export const MAX_CLASS_NAMES = 256;
export const MAX_CLASS_NAME_LENGTH = 64;

/** Default limit of the size of a model file that a node fetches. */
export const MAX_MODEL_BYTES = 256 * 1024 * 1024;

/** A request or response of a node-to-node protocol. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/**
 * Leaf size of files on IPFS. A file of at most this size is one raw block, so its CID is the plain
 * sha2-256 of its bytes; below bitswap's 2 MiB block limit.
 */
export const CHUNK_BYTES = 1024 * 1024;

/** The head of an HTTP request or response between peers: request line or status, and headers. */
export const MAX_HTTP_HEADER_BYTES = 16 * 1024;

/** Default limit of an HTTP request's body. Larger files travel by CID. */
export const MAX_HTTP_REQUEST_BYTES = 16 * 1024 * 1024;

/** HTTP requests of one peer to another that are open at a time; further ones wait. */
export const MAX_HTTP_OPEN_REQUESTS = 32;
