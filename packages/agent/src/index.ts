/**
 * What an agent decides: its file, its card, its limits, and how a request becomes calls of a model. No sockets and no
 * models are here; they are behind the port `Engine` of `@chorus/protocol`.
 *
 * @packageDocumentation
 */
export { type CardFields, type CardSkill, cardFields } from './card/card.ts';
export type {
  AgentDefinition,
  AgentModel,
  AgentOffer,
  AgentSkill,
  BytesModel,
  ChatModel,
  ClassifierModel,
  EmbeddingModel,
  KnowledgeFiles,
  NetworkModel,
  ToolServer,
} from './file/definition.ts';
export type { Fault } from './file/fault.ts';
export { AgentFileError, sentenceOf } from './file/file-error.ts';
export { agentFileJsonSchema } from './file/json-schema.ts';
export { MAX_FILE_BYTES } from './file/limits.ts';
export { type ReadOptions, readAgentFile } from './file/read.ts';
export type { AgentLimits, BytesSettings } from './file/schema.ts';
export { TEMPLATES, type Template, type TemplateOptions, templateText } from './file/templates.ts';
export { LimitLedger, RequestLedger } from './limits/ledger.ts';
export { createExecutor, type ExecutorOptions } from './run/executor.ts';
export { placeText } from './run/passages.ts';
export type { Approval } from './run/tool-calls.ts';
