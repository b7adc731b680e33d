/**
 * An agent's documents: read in a process of their own, indexed in SQLite, found by words and, with a model for
 * embeddings, by meaning. What a kind of document needs is loaded with the first of that kind.
 *
 * @packageDocumentation
 */
export type { IndexedDocument } from './index/document-index.ts';
export type { Progress } from './index/update.ts';
export { type Knowledge, type KnowledgeOptions, openKnowledge } from './knowledge.ts';
