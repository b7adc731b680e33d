/** Bounds on servers of tools. Each is a constant with its reason. */

const MEBIBYTE = 1024 * 1024;

/** Bytes of one answer of a server: far more than a model can read, and an image, of which it is shown the type only. */
export const MAX_RESPONSE_BYTES = 4 * MEBIBYTE;

/** Seconds to connect, and for the list of tools: `npx` may install a server first. */
export const CONNECT_SECONDS = 60;

/** Seconds for the answer to "which revision do you speak?"; old servers on standard input never give one. */
export const PROBE_SECONDS = 3;

/** Seconds for one call; a request of the agent has a limit of its own, which may be lower. */
export const CALL_SECONDS = 60;

/** Tools of one server: more do not fit into a prompt. */
export const MAX_TOOLS = 128;

/** Answers that they are listed in: each may be as large, and as slow, as one may be. */
export const MAX_LIST_PAGES = 8;

/** Bytes of the description and schema of one tool, about 4,000 tokens. */
export const MAX_TOOL_BYTES = 16 * 1024;

/** What a server may write on standard error before its end, to quote why it ended; characters. */
export const MAX_LAST_WORDS = 2_000;
