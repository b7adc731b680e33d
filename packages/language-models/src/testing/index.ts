/**
 * For tests of what runs language models: a tiny model, and the answers that it gives. Not part of what is built.
 *
 * @packageDocumentation
 */
export { referenceGreedy, referenceLogits } from './reference.ts';
export { type TinyModelOptions, tinyModel } from './tiny.ts';
