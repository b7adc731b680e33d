/** A part of a document that may answer a question. */
export interface Passage {
  /** The document, as its agent file names it: a path from the folder of that file. */
  source: string;
  /** Where in it: a heading, or a page; null if it has none. */
  place: string | null;
  text: string;
}

/**
 * What in the documents an answer rests on. Only passages that the answer itself cites become citations.
 */
export interface Citation {
  /** The number in the answer's text, as in `[2]`. */
  number: number;
  source: string;
  place: string | null;
  /** Words of the document, verbatim. */
  quote: string;
  /** Where the first `[number]` stands in the text of the answer, in UTF-16 units: from, and up to but without. */
  start: number;
  end: number;
}

/** A model that turns texts into vectors: near ones mean nearly the same. */
export interface Embedder {
  /** Vectors of different models are not compared. */
  readonly model: string;
  /**
   * @returns a vector for each text, in order
   * @throws ChorusError `E_ENGINE_...`; the signal's reason when aborted
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Ends it, if it holds a model. */
  close?(): Promise<void>;
}

/** The port of an agent's documents. */
export interface KnowledgePort {
  /**
   * The passages nearest to a question, the nearest first.
   * @throws the signal's reason when aborted
   */
  search(question: string, most: number, signal: AbortSignal): Promise<Passage[]>;
  close(): Promise<void>;
}
