/**
 * For tests of what runs language models: the answers that one gives. Not part of what is built.
 *
 * @packageDocumentation
 */
export { referenceGreedy, referenceLogits } from './reference.ts';
