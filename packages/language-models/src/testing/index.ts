/**
 * For tests of what runs language models: the answers that one gives. Not part of what is built.
 *
 * @packageDocumentation
 */
export { randomNumbers } from '../tiny/random-numbers.ts';
export { callingModel } from './calling-model.ts';
export { referenceGreedy, referenceLogits } from './reference.ts';
