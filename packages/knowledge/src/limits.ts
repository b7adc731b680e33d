/** Bounds on documents, which may come from strangers, and on their index. Each is a constant with its reason. */

const MEBIBYTE = 1024 * 1024;

/** A scanned book is about this large. */
export const MAX_DOCUMENT_BYTES = 32 * MEBIBYTE;

/** Documents of one agent. */
export const MAX_DOCUMENTS = 2_000;

/** Characters that one document may become: the Bible has 4 million. What a small file becomes when it is unpacked counts. */
export const MAX_TEXT = 8_000_000;

/** Pages of one document. */
export const MAX_PAGES = 5_000;

/** Seconds for one document. */
export const PARSE_SECONDS = 60;

/** Memory of the process that parses, MiB: of JavaScript's heap, and in all. */
export const PARSE_HEAP_MIB = 512;
export const PARSE_BYTES = 1024 * MEBIBYTE;

/** Passages of one agent: a question is compared with each of their vectors. */
export const MAX_PASSAGES = 50_000;

/** Characters of a passage: about 300 tokens, so that several fit into a prompt. */
export const PASSAGE_LENGTH = 1_200;

/** Words of a question that are looked for. */
export const MAX_WORDS = 48;

/** Best passages of each way of searching that are merged. */
export const MERGED = 50;

/** Passages that are sent to the embedding model at a time. */
export const EMBED_AT_ONCE = 32;

/** Numbers of one vector; the largest models in use have 4,096. */
export const MAX_DIMENSIONS = 8_192;

/** Characters of a note: a few sentences. */
export const MAX_NOTE = 2_000;

/** Notes of one caller. */
export const MAX_NOTES_OF_CALLER = 200;

/** Notes of one agent, about 40 MB: identities of peers cost nothing, and a store is refused before a disk is full. */
export const MAX_NOTES = 20_000;
