/**
 * Children of one node of a file's tree. With raw leaves of 1 MiB this is the profile `unixfs-v1-2025` of
 * IPIP-499, so that any IPFS implementation that follows it computes the same CIDs.
 */
export const MAX_LINKS = 1024;

/** Largest block that peers exchange (bitswap's limit in every implementation). */
export const MAX_BLOCK_BYTES = 2 * 1024 * 1024;

/** Levels of a file's tree; three levels of 1024 links hold far more than any accepted file. */
export const MAX_DEPTH = 3;

/**
 * Smallest mean leaf of a file worth following, bytes: a tree of many tiny leaves costs a round trip for each.
 * Kubo's old default is 256 KiB.
 */
export const MIN_MEAN_LEAF_BYTES = 128 * 1024;

/** Blocks of one file asked for at a time. */
export const BLOCKS_IN_FLIGHT = 8;

/**
 * Blocks of unfinished fetches kept for the next attempt: as many as the largest model has, so that an interrupted
 * fetch resumes.
 */
export const MAX_LOOSE_BLOCKS = 260;

/**
 * While one of the peers named as holders of a file is connected, they get this long, or half the timeout, before all
 * other peers are asked too. Asking all at once would transfer each block several times, just when machines are
 * busiest.
 */
export const HINTED_HEAD_START_MS = 5_000;

/** An unserved want is sent again after this long, then at up to twice and four times that. */
export const ASK_AGAIN_MS = 1_000;

/** Writing one wantlist to one peer; a peer that takes longer is skipped until the next round. */
export const ASK_TIMEOUT_MS = 10_000;

/** Connecting to a peer named as holding a block: several round trips, and packets get lost. */
export const REACH_TIMEOUT_MS = 10_000;

/**
 * A block sent to a peer is not sent again for this long, so that a repeated request does not double what is in
 * transit.
 */
export const RESEND_WINDOW_MS = 15_000;

/** Moving one bitswap message of up to 2 MiB; at 1 Mbit/s, shared by ten peers, that takes nearly three minutes. */
export const TRANSFER_TIMEOUT_MS = 180_000;

/** Wants remembered for one peer. */
export const MAX_PEER_WANTS = 1024;

/** Bitswap streams open with one peer in one direction; each may hold one message of 4 MiB. */
export const MAX_PEER_STREAMS = 64;

/** A block is asked from a second holder when the first, never tried before, has not served it after this long. */
export const ASK_NEXT_MS = 600;

/** The same for holders whose usual time is known: three times that, within these bounds. */
export const MIN_ASK_NEXT_MS = 300;
export const MAX_ASK_NEXT_MS = 10_000;

/** CIDs remembered as asked for; a block with any other is an offence of its sender. */
export const MAX_REMEMBERED_WANTS = 16_384;

/** How often the time of a file's last use is written down. */
export const TOUCH_INTERVAL_MS = 60_000;

/** Beyond a disk limit, files are deleted down to this part of it, so that not every block must make room. */
export const COLLECT_DOWN_TO = 0.9;

/** Only blocks of at least this size measure a holder's speed. */
export const MIN_TIMED_BYTES = 64 * 1024;

/**
 * Bytes of wantlists that a peer may send within {@link WANTLIST_WINDOW_MS}: some 10 000 entries, when a committee's
 * payloads of the largest model are a few hundred blocks.
 */
export const WANTLIST_BYTES_PER_WINDOW = 512 * 1024;

/** The window of the rate above. */
export const WANTLIST_WINDOW_MS = 10_000;

/** Bytes a peer may send for each block it is asked for: the block, and once more in case it was requested twice. */
export const ASK_CREDIT_BYTES = 2 * MAX_BLOCK_BYTES;

/** Most budget that a peer may save up. */
export const MAX_CREDIT_BYTES = 256 * 1024 * 1024;

/** Bytes of blocks read for one peer before they are sent: one message of 4 MiB, which is bitswap's longest. */
export const MAX_SERVED_BYTES = 3 * 1024 * 1024;

/**
 * Peers that blocks are sent to at a time: more than a committee, and with what is read for each, and its encoding, at
 * most 600 MB when none of them reads.
 */
export const MAX_SERVED_AT_ONCE = 100;
