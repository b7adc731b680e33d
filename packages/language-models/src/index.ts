/**
 * Language models in GGUF files: weights, tokenizer and chat template, low-rank adapters, and the ONNX graphs that train
 * and serve them. Pure computation: it reads no files, opens no connections, and has no runtime.
 *
 * @packageDocumentation
 */
export type { Adapter } from './adapter/adapter.ts';
export { readAdapter, writeAdapter } from './adapter/file.ts';
export { mergeAdapter } from './adapter/merge.ts';
export { type CallRules, callGrammar } from './calls/call-grammar.ts';
export { type CallPart, CallReader } from './calls/call-reader.ts';
export { type Constraint, ConstraintTokens, type SharedConstraint } from './constraint/constraint.ts';
export type { DecoderConfig } from './decoder/config.ts';
export { type Decoder, openDecoder } from './decoder/open.ts';
export { isGguf } from './gguf/is-gguf.ts';
export type { Gguf, GgufTensor, GgufValue, TensorType } from './gguf/model.ts';
export { readGguf } from './gguf/read.ts';
export { writeGguf } from './gguf/write.ts';
export { servingBytes } from './graph/serving-bytes.ts';
export { SERVING, type ServingModelOptions, servingModel } from './graph/serving-graph.ts';
export { type TrainingModelOptions, trainingModel } from './graph/training-graph.ts';
export { type TinyModelOptions, tinyModel } from './tiny/tiny-model.ts';
export { spelledBytes } from './tokenizer/spelling.ts';
export {
  type ChatMessage,
  type ChatOptions,
  createTokenizer,
  type Tokenizer,
} from './tokenizer/tokenizer.ts';
