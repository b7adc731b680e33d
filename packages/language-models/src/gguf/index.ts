/**
 * GGUF files alone, for programs that need no tokenizer or graph in memory.
 *
 * @packageDocumentation
 */
export { isGguf } from './is-gguf.ts';
export { readGguf } from './read.ts';
