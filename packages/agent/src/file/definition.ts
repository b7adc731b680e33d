import type { Sum, TillTerms, ValueSchema } from '@chorus/protocol';
import type { AgentLimits, BytesSettings, EmbedSettings, TokenSettings } from './schema.ts';

/** A chat model at an endpoint; secrets are resolved. */
export interface ChatModel {
  kind: 'openai';
  url: string;
  name: string;
  key: string | null;
  /** Null: the endpoint's own. */
  temperature: number | null;
}

/** An ONNX classifier. */
export interface ClassifierModel {
  kind: 'classifier';
  /** As written in the file: from its folder, unless absolute. */
  file: string;
  /** In the order of their numbers; null: numbers. */
  classes: readonly string[] | null;
  /** Shape of one sample; null: that of the ONNX file. */
  input: readonly number[] | null;
}

/** An ONNX language model over bytes. */
export interface BytesModel {
  kind: 'bytes';
  file: string;
  sampling: BytesSettings;
}

/** An ONNX model of texts as vectors. */
export interface EmbeddingModel extends EmbedSettings {
  kind: 'embedding';
  file: string;
}

/** A language model on this machine. */
export interface LanguageModelFile {
  kind: 'language';
  /** A GGUF file. */
  file: string;
  /** A GGUF file with its adapters; null: none. */
  adapter: string | null;
  /** Most tokens of a conversation; null: as many as the model can, within a limit. */
  context: number | null;
  /** Answers that are written at the same time. */
  slots: number;
  /** A JSON Schema, as JSON, that answers are held to; null: none. */
  schema: string | null;
  sampling: TokenSettings;
}

/** The model of a training task; its terms say what a sample looks like and what the classes are. */
export interface NetworkModel {
  kind: 'network';
  task: bigint;
  cid: string | null;
  /** The agent adopts the model of each round that settles. */
  follow: boolean;
  /** For a task that trains on bytes of text; null: the model is a classifier, or a language model. */
  bytes: BytesSettings | null;
  /** For a task that trains a language model. */
  sampling: TokenSettings;
}

/** Another agent. */
export interface HiredAgent {
  kind: 'agent';
  /** Number of its identity, or its address. */
  agent: bigint | string;
  /** The most to pay for a call; null: nothing. */
  pay: Sum | null;
}

export type AgentModel =
  | ChatModel
  | ClassifierModel
  | BytesModel
  | EmbeddingModel
  | LanguageModelFile
  | NetworkModel
  | HiredAgent;

export interface AgentSkill {
  id: string;
  name: string;
  description: string;
  tags: readonly string[];
  examples: readonly string[];
  /** Media types; null: what the model reads and writes. */
  inputModes: readonly string[] | null;
  outputModes: readonly string[] | null;
}

/** A server of tools; secrets are resolved. */
export type ToolServer = {
  /** Names of the tools that the model may call; null: all. */
  allow: readonly string[] | null;
  /** The owner has to agree to each call. */
  needsApproval: boolean;
} & (
  | { kind: 'http'; url: string; key: string | null }
  /** Started in the folder of the agent file. */
  | { kind: 'command'; command: string; args: readonly string[]; env: Readonly<Record<string, string>> }
);

/** An agent's documents. */
export interface KnowledgeFiles {
  /** Files, folders and patterns, from the folder of the agent file. */
  files: readonly string[];
  /**
   * A model for embeddings, at the endpoint of the agent's chat model or on this machine; null: passages are found by
   * words.
   */
  embed: { model: string } | EmbeddingModel | null;
}

/** A standing offer: what is done for which price, within which time. */
export interface AgentOffer {
  id: string;
  name: string;
  description: string;
  /** A job with its price in escrow, or a call. */
  kind: 'job' | 'call';
  /** Null for a call of an agent that costs nothing. */
  price: Sum | null;
  /** Promised time, seconds. */
  seconds: number;
  /** Of what the client gives; null: a text. */
  input: ValueSchema | null;
  /** Of what is delivered; null: not checked. */
  deliverable: ValueSchema | null;
  /** Jobs of it that may be open at once. */
  open: number;
}

/** An agent file that was checked: every default filled in, files read, secrets resolved. */
export interface AgentDefinition {
  name: string;
  description: string;
  version: string;
  instructions: string;
  model: AgentModel;
  /** Null: one skill, which follows from the model. */
  skills: readonly AgentSkill[] | null;
  tools: readonly ToolServer[];
  /** What a call costs; null: nothing. */
  price: Sum | null;
  /** Empty: it answers no asks, and takes no jobs by itself. */
  offers: readonly AgentOffer[];
  /** How what is paid is divided, by its till; null: all of it is the agent's, paid to the wallet. */
  share: TillTerms | null;
  knowledge: KnowledgeFiles | null;
  /** Null: it keeps nothing of its callers. */
  memory: { keepDays: number } | null;
  /** Whether callers may have its language model write on from texts of theirs, without the instructions. */
  completions: boolean;
  /** Whether answers of its language model carry receipts, which show the instructions. */
  receipts: boolean;
  limits: AgentLimits;
}
