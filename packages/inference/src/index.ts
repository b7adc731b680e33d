/**
 * Engines that run models, each behind the port `Engine` of `@chorus/protocol`: chat endpoints that speak the OpenAI API,
 * ONNX classifiers, language models in GGUF files, and ONNX language models over bytes. The SDK and the runtime are
 * loaded with the first request or model that needs them.
 *
 * @packageDocumentation
 */
export {
  AUDIT_LIMITS,
  type AuditCheck,
  NO_NOISE,
  type Noise,
  noiseOf,
  type Verdict,
  verdictOf,
} from './audit/verdict.ts';
export { type ChatOptions, createChatEngine } from './chat/chat-engine.ts';
export { type Classification, type ClassifierOptions, createClassifier } from './onnx/classifier-engine.ts';
export { createTextEmbedder, type TextEmbedder, type TextEmbedderOptions } from './onnx/embedding-engine.ts';
export type { LocalModelOptions } from './onnx/host-options.ts';
export type { Findings, TokenSampling } from './onnx/jobs/language-messages.ts';
export type { Sampling } from './onnx/jobs/messages.ts';
export { createLanguageModel, type LanguageModel } from './onnx/language-engine.ts';
export type {
  GeneratedToken,
  GenerationEnd,
  GenerationEvent,
  GenerationRequest,
  LanguageModelOptions,
  PromptTokens,
} from './onnx/language-options.ts';
export type { HostLimits } from './onnx/process/model-host.ts';
export { createTextModel, type TextModelOptions } from './onnx/text-engine.ts';
