import type { TensorInfo, TextPrompt } from '@chorus/protocol';
import type { CarriedError } from '@chorus/training';
import type {
  CheckJob,
  LanguageAnswer,
  LanguageJob,
  LanguageOpened,
  LanguageSetup,
} from './language-messages.ts';

/** How text is sampled. */
export interface Sampling {
  /** Most bytes of an answer. */
  length: number;
  /** 0 always takes the most probable byte. */
  temperature: number;
  topK: number;
  stop: readonly string[];
  /** Absent: a random one for each answer. */
  seed?: number | undefined;
  /** Bytes the model reads at once, if its file leaves that open. */
  context?: number | undefined;
}

/** What the process of an ONNX model is started with. */
export interface HostSetup {
  model: Uint8Array;
  task: { kind: 'classifier'; input: readonly number[] | null } | { kind: 'text'; context: number | null };
  /** A stranger's model: its operators and the size of its tensors are checked before the runtime sees it. */
  foreign: boolean;
  /** Most that the tensors of a foreign model may take, bytes. */
  tensorBytes: number;
  threads: number;
}

/** What the process of a model of texts as vectors is started with. */
export interface EmbeddingSetup {
  task: {
    kind: 'embedding';
    /** The file `tokenizer.json` of Hugging Face, as text. */
    tokenizer: string;
    pooling: Pooling;
    /** Vectors have the length 1. */
    normalise: boolean;
    /** Most tokens of a text. */
    most: number;
    /** Longer texts are cut; otherwise they are refused. */
    truncate: boolean;
  };
  model: Uint8Array;
  threads: number;
}

/** How the vectors of a text's tokens become one: their mean, or that of the first token. */
export type Pooling = 'mean' | 'cls';

/** What the process of a model is started with. */
export type Setup = HostSetup | LanguageSetup | EmbeddingSetup;

/** What is found out about a model when it is opened. */
export type Opened =
  | {
      kind: 'classifier';
      sample: readonly number[];
      classes: number;
      /** Of one sample, with its dimension; null if its elements are of another type than tensors are sent in. */
      tensors: { input: TensorInfo; output: TensorInfo } | null;
    }
  | { kind: 'text'; context: number }
  | { kind: 'embedding'; dimension: number }
  | LanguageOpened;

export interface ClassifyJob {
  kind: 'classify';
  /** An image file, or the values of a sample. */
  image?: Uint8Array;
  values?: Float32Array;
}

/** Samples to be computed one after the other, as the model takes them. */
export interface InferJob {
  kind: 'infer';
  /** The elements of all of them, the lowest byte first. */
  data: Uint8Array;
  samples: number;
}

export interface WriteJob {
  kind: 'write';
  prompt: Uint8Array;
  sampling: Sampling;
  seed: number;
  /** Most bytes to write. */
  most: number;
}

/** Texts, or the ids of their tokens, to be turned into vectors. */
export interface EmbedJob {
  kind: 'embed';
  inputs: readonly TextPrompt[];
}

export type Job = ClassifyJob | InferJob | WriteJob | LanguageJob | CheckJob | EmbedJob;

export type ToHost =
  | { kind: 'setup'; setup: Setup }
  | { kind: 'job'; id: number; job: Job }
  | { kind: 'stop'; id: number };

/** A class by its number, and its probability. */
export interface Ranked {
  index: number;
  confidence: number;
}

export type Answer =
  | { kind: 'classified'; top: Ranked[] }
  /** The output for the next sample. */
  | { kind: 'inferred'; data: Uint8Array }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'written'; reason: 'stop' | 'length'; bytes: number }
  /** Of the next texts, in order; `tokens` of these texts together. */
  | { kind: 'vectors'; vectors: Float32Array[]; tokens: number }
  | LanguageAnswer;

export type FromHost =
  | { kind: 'opened'; opened: Opened }
  | { kind: 'unusable'; error: CarriedError }
  | { kind: 'answer'; id: number; answer: Answer }
  | { kind: 'done'; id: number }
  | { kind: 'failed'; id: number; error: CarriedError };
