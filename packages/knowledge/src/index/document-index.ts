import type { DatabaseSync } from 'node:sqlite';
import { ChorusError, type Passage } from '@chorus/protocol';
import { MAX_PASSAGES } from '../limits.ts';
import type { Section } from '../parse/document.ts';
import { matchOf } from '../search/match.ts';
import { openDatabase } from './database.ts';

/** A document in the index. */
export interface IndexedDocument {
  source: string;
  /** SHA-256 of its bytes. */
  digest: string;
  bytes: number;
  /** When it was changed, ms since 1970. */
  changed: number;
  passages: number;
  /** Why it has none; null if it was read. */
  fault: string | null;
}

/** The passages of an agent's documents in SQLite: their texts, their words (FTS5), and their vectors. */
export class DocumentIndex {
  readonly #db: DatabaseSync;
  /** Counts changes of documents, for what is kept in memory of their passages. */
  revision = 0;

  /** @throws ChorusError `E_DOCUMENT_INDEX` */
  constructor(path: string) {
    this.#db = openDatabase(path);
  }

  documents(): IndexedDocument[] {
    const rows = this.#db
      .prepare(
        `SELECT source, digest, bytes, changed, fault, (SELECT COUNT(*) FROM passages WHERE document = documents.id) AS passages
         FROM documents ORDER BY source`,
      )
      .all();
    return rows as unknown as IndexedDocument[];
  }

  /**
   * Puts a document in place of an earlier one of its source.
   * @throws ChorusError `E_DOCUMENT_FILES` if there are too many passages
   */
  put(document: Omit<IndexedDocument, 'passages'>, passages: readonly Section[]): void {
    const { source, digest, bytes, changed, fault } = document;
    this.#transact(() => {
      this.#delete(source);
      const { count } = this.#db.prepare('SELECT COUNT(*) AS count FROM passages').get() as { count: number };
      if (count + passages.length > MAX_PASSAGES) {
        throw new ChorusError(
          'E_DOCUMENT_FILES',
          'the documents of the agent have more text than it can search',
          {
            facts: { passages: count + passages.length, limit: MAX_PASSAGES },
            hint: 'name fewer in knowledge',
          },
        );
      }
      const { lastInsertRowid: id } = this.#db
        .prepare('INSERT INTO documents (source, digest, bytes, changed, fault) VALUES (?, ?, ?, ?, ?)')
        .run(source, digest, bytes, changed, fault);
      const passage = this.#db.prepare('INSERT INTO passages (document) VALUES (?)');
      const text = this.#db.prepare('INSERT INTO passage_texts (rowid, place, text) VALUES (?, ?, ?)');
      for (const each of passages) text.run(passage.run(id).lastInsertRowid, each.place ?? '', each.text);
    });
    this.revision++;
  }

  /** The file was touched, and is the same. */
  touch(source: string, changed: number): void {
    this.#db.prepare('UPDATE documents SET changed = ? WHERE source = ?').run(changed, source);
  }

  remove(source: string): void {
    this.#transact(() => this.#delete(source));
    this.revision++;
  }

  /** Ids of the passages that share words with a question, the nearest first by BM25; headings count twice. */
  matching(question: string, most: number): number[] {
    const match = matchOf(question);
    if (match === null) return [];
    const rows = this.#db
      .prepare(
        'SELECT rowid FROM passage_texts WHERE passage_texts MATCH ? ORDER BY bm25(passage_texts, 2.0, 1.0) LIMIT ?',
      )
      .all(match, most);
    return rows.map(({ rowid }) => Number(rowid));
  }

  /** Passages in the order of their ids; those that are gone are left out. */
  passages(ids: readonly number[]): Passage[] {
    const find = this.#db.prepare(
      `SELECT source, place, text FROM passage_texts
       JOIN passages ON passages.id = passage_texts.rowid JOIN documents ON documents.id = passages.document
       WHERE passage_texts.rowid = ?`,
    );
    return ids.flatMap((id) => {
      const row = find.get(id) as { source: string; place: string; text: string } | undefined;
      return row ? { source: row.source, place: row.place || null, text: row.text } : [];
    });
  }

  /** Passages that have no vector of a model, in part. */
  withoutVector(model: string, most: number): { id: number; text: string }[] {
    const rows = this.#db
      .prepare(
        `SELECT rowid AS id, place || char(10) || text AS text FROM passage_texts
         WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE passage = passage_texts.rowid AND model = ?) LIMIT ?`,
      )
      .all(model, most);
    return rows as unknown as { id: number; text: string }[];
  }

  /** Keeps vectors of a model; those of others go. Passages that are gone meanwhile are left out. */
  putVectors(model: string, vectors: readonly { id: number; vector: Float32Array }[]): void {
    this.#transact(() => {
      this.#db.prepare('DELETE FROM vectors WHERE model <> ?').run(model);
      const insert = this.#db.prepare(
        'INSERT OR REPLACE INTO vectors (passage, model, vector) SELECT id, ?, ? FROM passages WHERE id = ?',
      );
      for (const { id, vector } of vectors) {
        insert.run(model, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), id);
      }
    });
  }

  /** By the ids of their passages. */
  vectors(model: string): Map<number, Float32Array> {
    const rows = this.#db.prepare('SELECT passage, vector FROM vectors WHERE model = ?').all(model);
    return new Map(
      rows.map(({ passage, vector }) => [
        Number(passage),
        new Float32Array((vector as Uint8Array).slice().buffer),
      ]),
    );
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #delete(source: string): void {
    const ids = 'SELECT id FROM passages WHERE document = (SELECT id FROM documents WHERE source = ?)';
    this.#db.prepare(`DELETE FROM passage_texts WHERE rowid IN (${ids})`).run(source);
    this.#db.prepare('DELETE FROM documents WHERE source = ?').run(source);
  }

  #transact(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
