/** A part of a document: what is below one heading, or on one page. */
export interface Section {
  /** The heading or page; null if it has none. */
  place: string | null;
  text: string;
}

export type DocumentKind = 'text' | 'markdown' | 'html' | 'pdf' | 'docx';

const KINDS: Readonly<Record<string, DocumentKind>> = {
  '.txt': 'text',
  '.text': 'text',
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.html': 'html',
  '.htm': 'html',
  '.pdf': 'pdf',
  '.docx': 'docx',
};

/** What a document is, by the end of its name, such as `.md`; null if it is of no known kind. */
export function kindOf(extension: string): DocumentKind | null {
  return KINDS[extension.toLowerCase()] ?? null;
}

/** The ends of names that are read, for messages. */
export const EXTENSIONS: readonly string[] = Object.keys(KINDS);
