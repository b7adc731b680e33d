/** Bounds on agent files, which may come from strangers. Each is a constant with its reason. */

/** An agent file with long instructions is below 40 KiB. */
export const MAX_FILE_BYTES = 64 * 1024;

/** Lists and sections in each other. The deepest key of the schema is at 5; more is an attack on the reader's stack. */
export const MAX_DEPTH = 12;

/** Values and keys of one file; a file of short values that fills {@link MAX_FILE_BYTES} has more. */
export const MAX_NODES = 5_000;

/** Instructions, characters: they are sent with every request. */
export const MAX_INSTRUCTIONS = 32 * 1024;

/** Faults that one report lists: more are of no use to the author. */
export const MAX_FAULTS = 20;

/** A JSON Schema of answers: what a constraint takes. */
export const MAX_SCHEMA_BYTES = 16_384;

/** Offers of one agent, and their bytes as JSON with their schemas: they travel in its card, which has at most 64 KiB. */
export const MAX_OFFERS = 8;
export const MAX_OFFERS_BYTES = 24 * 1024;

/** Longest time that an offer may promise, seconds, and jobs of one that may be open at once. */
export const MAX_OFFER_SECONDS = 30 * 86_400;
export const MAX_OPEN_JOBS = 64;
