/** Bounds on what tools and documents do in one request. Each is a constant with its reason. */

/** Characters of a tool's answer that the model is shown: about 4,000 tokens, an eighth of a request's default. */
export const MAX_TOOL_TEXT = 16_000;

/** Calls that a model may ask for in one step; steps are bounded by the agent file. */
export const MAX_CALLS = 8;

/** Characters of a call's input that the caller is shown. */
export const MAX_DETAIL = 500;

/** Passages of documents in a prompt: about 2,000 tokens. */
export const MAX_PASSAGES = 6;
