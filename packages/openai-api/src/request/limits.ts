/** Messages of one request; a conversation of an honest client has fewer, and an agent reads the latest that fit. */
export const MAX_MESSAGES = 512;

/** Parts of one message. */
export const MAX_PARTS = 128;

/** Files of one request; the gateway bounds their bytes. */
export const MAX_FILES = 32;

/** Characters of all texts of one request: more than any context of a model holds. */
export const MAX_TEXT = 1_000_000;

/** Texts that one request of completions has written: prompts times answers to each. An evaluation sends 1 to 32. */
export const MAX_CHOICES = 32;

/** Texts that one request turns into vectors: what clients send at once. */
export const MAX_INPUTS = 2048;

/** Tokens of all prompts of one request, if they are sent as ids: more than any context of a model holds. */
export const MAX_PROMPT_TOKENS = 262_144;

/** Tools of one request, and calls of one message: as the API bounds them. */
export const MAX_TOOLS = 128;

/** Characters of the tools of one request, as JSON: a model reads all of them with each request. */
export const MAX_TOOL_TEXT = 262_144;
