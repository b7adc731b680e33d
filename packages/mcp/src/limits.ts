/** Bounds on what one call sends and gets. Each is a constant with its reason. */

const MEBIBYTE = 1024 * 1024;

/** Body of an HTTP request, as over A2A; the gateway and the network have bounds of their own, which may be lower. */
export const MAX_BODY_BYTES = 8 * MEBIBYTE;

/** Characters of a message: as many as a body has bytes. The agent's own limit, in tokens, is far lower. */
export const MAX_MESSAGE_LENGTH = 8 * MEBIBYTE;

/** Characters of an image in base64: 8 MiB, which engines read at most. */
export const MAX_IMAGE_LENGTH = Math.ceil((8 * MEBIBYTE) / 3) * 4;

/** Bytes of one message on standard input: an image with its text. */
export const MAX_LINE_BYTES = 12 * MEBIBYTE;

/** Text, data and files of one answer. A result of MCP is one JSON document: client and server hold all of it. */
export const MAX_ANSWER_BYTES = 8 * MEBIBYTE;

/** Longest reason or question that is passed on, in characters. */
export const MAX_WORDS = 8_000;
