/**
 * An agent's documents: read in a process of their own, indexed in SQLite, found by words and, with a model for
 * embeddings, by meaning. What a kind of document needs is loaded with the first of that kind. And what it notes of its
 * callers.
 *
 * @packageDocumentation
 */

export { type Knowledge, type KnowledgeOptions, openKnowledge } from './documents/knowledge.ts';
export type { IndexedDocument } from './index/document-index.ts';
export type { Progress } from './index/update.ts';
export type { CallerNotes, Note } from './notes/caller-notes.ts';
export { type NotedCaller, NoteStore } from './notes/note-store.ts';
export { NOTE_TOOLS, noteTools } from './notes/note-tools.ts';
