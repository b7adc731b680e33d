import { join } from 'node:path';
import { ChorusError, type Embedder, type KnowledgePort, type Passage } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import { DocumentIndex, type IndexedDocument } from '../index/document-index.ts';
import { documentFiles } from '../index/files.ts';
import { type Progress, update } from '../index/update.ts';
import { EMBED_AT_ONCE, MERGED } from '../limits.ts';
import { fuse } from '../search/fuse.ts';
import { nearest, unit } from '../search/vectors.ts';

/** A question looks for changed documents if the last look is older, ms. */
const LOOK_MILLISECONDS = 30_000;

export interface KnowledgeOptions {
  /** Files, folders and patterns, from `folder`. */
  files: readonly string[];
  folder: string;
  /** Where the index is kept; made if missing. */
  state: string;
  /** Makes vectors; null: passages are found by their words alone. Closed with it. */
  embedder: Embedder | null;
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** Called with what goes wrong behind the questions: they are answered without it. */
  onError?: (error: unknown) => void;
}

/** An agent's documents, indexed. */
export interface Knowledge extends KnowledgePort {
  documents(): IndexedDocument[];
  /** Resolves when all passages have vectors, or that has failed. */
  readonly embedded: Promise<void>;
}

/**
 * Opens an agent's documents: reads those that are new or have changed, then makes missing vectors while questions are
 * answered by words. Later changes are seen by questions that come after.
 * @throws ChorusError `E_DOCUMENT_FILES`, `E_DOCUMENT_INDEX`; `E_DOCUMENT` if none can be read; the signal's reason
 */
export async function openKnowledge(options: KnowledgeOptions): Promise<Knowledge> {
  try {
    return await open(options);
  } catch (error) {
    await options.embedder?.close?.();
    throw error;
  }
}

async function open(options: KnowledgeOptions): Promise<Knowledge> {
  const files = await documentFiles(options.files, options.folder);
  await makeFolder(options.state, 0o700);
  const index = new DocumentIndex(join(options.state, 'knowledge.sqlite'));
  try {
    await update(index, files, options.signal, options.onProgress);
    const documents = index.documents();
    if (documents.every(({ fault }) => fault !== null)) {
      throw new ChorusError('E_DOCUMENT', 'none of the documents can be read', {
        facts: { document: documents[0]?.source, reason: documents[0]?.fault },
        hint: 'check the documents that knowledge names',
      });
    }
    return new IndexedKnowledge(index, options);
  } catch (error) {
    index.close();
    throw error;
  }
}

class IndexedKnowledge implements Knowledge {
  readonly #index: DocumentIndex;
  readonly #options: KnowledgeOptions;
  readonly #closing = new AbortController();
  /** All that the index had at a revision, and those that were made since. */
  #vectors: { revision: number; all: Map<number, Float32Array> } = { revision: -1, all: new Map() };
  #embedding: Promise<void>;
  #looking: Promise<void> = Promise.resolve();
  #lookedAt = performance.now();

  constructor(index: DocumentIndex, options: KnowledgeOptions) {
    this.#index = index;
    this.#options = options;
    this.#embedding = this.#behind(() => this.#embed());
  }

  get embedded(): Promise<void> {
    return this.#embedding;
  }

  documents(): IndexedDocument[] {
    return this.#index.documents();
  }

  async search(question: string, most: number, signal: AbortSignal): Promise<Passage[]> {
    signal.throwIfAborted();
    this.#look();
    const byWords = this.#index.matching(question, MERGED);
    const byMeaning = await this.#nearest(question, signal);
    return this.#index.passages(fuse([byWords, byMeaning], most));
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent has ended'));
    await Promise.all([this.#embedding, this.#looking]);
    this.#index.close();
    await this.#options.embedder?.close?.();
  }

  async #nearest(question: string, given: AbortSignal): Promise<number[]> {
    const { embedder, onError } = this.#options;
    if (!embedder || question.trim() === '') return [];
    const { revision } = this.#index;
    if (this.#vectors.revision !== revision) {
      this.#vectors = { revision, all: this.#index.vectors(embedder.model) };
    }
    if (this.#vectors.all.size === 0) return [];
    const signal = AbortSignal.any([given, this.#closing.signal]);
    try {
      const [vector] = await embedder.embed([question], signal);
      return nearest(unit(vector ?? []), this.#vectors.all, MERGED);
    } catch (error) {
      signal.throwIfAborted();
      onError?.(error);
      return [];
    }
  }

  /** Makes the vectors that are missing. */
  async #embed(): Promise<void> {
    const { embedder, onProgress } = this.#options;
    if (!embedder) return;
    const { signal } = this.#closing;
    for (let done = 0; ; ) {
      const some = this.#index.withoutVector(embedder.model, EMBED_AT_ONCE);
      if (some.length === 0) return;
      onProgress?.({ step: 'embedding', done, of: null });
      const texts = some.map(({ text }) => text);
      const vectors = await embedder.embed(texts, signal);
      signal.throwIfAborted();
      const made = some.map(({ id }, i) => ({ id, vector: unit(vectors[i] ?? []) }));
      this.#index.putVectors(embedder.model, made);
      if (this.#vectors.revision === this.#index.revision) {
        for (const { id, vector } of made) this.#vectors.all.set(id, vector);
      }
      done += some.length;
    }
  }

  /** Reads what has changed, at most now and then; the question does not wait for it. */
  #look(): void {
    if (performance.now() - this.#lookedAt < LOOK_MILLISECONDS) return;
    this.#lookedAt = performance.now();
    this.#looking = this.#behind(async () => {
      await this.#embedding;
      await update(
        this.#index,
        await documentFiles(this.#options.files, this.#options.folder),
        this.#closing.signal,
      );
      this.#embedding = this.#behind(() => this.#embed());
    });
  }

  async #behind(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onError?.(error);
    }
  }
}
