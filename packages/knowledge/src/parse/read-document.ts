import { ChorusError } from '@chorus/protocol';
import { MAX_PAGES, MAX_TEXT } from '../limits.ts';
import type { DocumentKind, Section } from './document.ts';
import { markdownSections } from './markdown.ts';

/** Elements of a page that are no part of its text. */
const NOT_TEXT = 'script, style, noscript, template, iframe, object, svg, nav, form';

/**
 * The text of a document, in sections. Only called in the process for documents: it may take any time and memory.
 * @throws ChorusError `E_DOCUMENT`; what a library throws
 */
export async function readDocument(kind: DocumentKind, bytes: Uint8Array): Promise<Section[]> {
  const sections = await sectionsOf(kind, bytes);
  let length = 0;
  for (const { text } of sections) length += text.length;
  if (length > MAX_TEXT) {
    throw new ChorusError('E_DOCUMENT', 'the document has more text than one may have', {
      facts: { characters: length, limit: MAX_TEXT },
    });
  }
  if (length === 0) {
    throw new ChorusError('E_DOCUMENT', 'the document has no text', {
      hint: kind === 'pdf' ? 'a scanned page is an image: run a text recognition over it first' : 'remove it',
    });
  }
  return sections;
}

async function sectionsOf(kind: DocumentKind, bytes: Uint8Array): Promise<Section[]> {
  switch (kind) {
    case 'text':
      return [{ place: null, text: textOf(bytes).trim() }].filter(({ text }) => text !== '');
    case 'markdown':
      return markdownSections(textOf(bytes));
    case 'html':
      return htmlSections(textOf(bytes));
    case 'pdf':
      return pdfSections(bytes);
    case 'docx': {
      const { default: mammoth } = await import('mammoth');
      const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) });
      return htmlSections(`<html><body>${value}</body></html>`, false);
    }
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll(/\r\n?/g, '\n');
  } catch (cause) {
    throw new ChorusError('E_DOCUMENT', 'the document is not text in UTF-8', {
      hint: 'save it as UTF-8',
      cause,
    });
  }
}

/** @param isPage whether to look for the article in it, and leave out what surrounds that */
async function htmlSections(html: string, isPage = true): Promise<Section[]> {
  const [{ parseHTML }, { Readability }, { default: Turndown }] = await Promise.all([
    import('linkedom'),
    import('@mozilla/readability'),
    import('turndown'),
  ]);
  // A fragment has no body, and then no text.
  const { document } = parseHTML(/<body[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`);
  for (const element of document.querySelectorAll(NOT_TEXT)) element.remove();
  const whole = document.body?.innerHTML ?? '';
  const article = isPage ? new Readability(document).parse()?.content : null;
  const toMarkdown = new Turndown({ headingStyle: 'atx', codeBlockStyle: 'fenced' });
  const read = (part: string) =>
    markdownSections(toMarkdown.turndown(parseHTML(`<html><body>${part}</body></html>`).document.body));
  const sections = read(article || whole);
  return sections.length > 0 ? sections : read(whole);
}

async function pdfSections(bytes: Uint8Array): Promise<Section[]> {
  const { extractText, getDocumentProxy } = await import('unpdf');
  const document = await getDocumentProxy(new Uint8Array(bytes)); // it takes no Buffer
  if (document.numPages > MAX_PAGES) {
    throw new ChorusError('E_DOCUMENT', 'the document has more pages than one may have', {
      facts: { pages: document.numPages, limit: MAX_PAGES },
    });
  }
  const { text } = await extractText(document, { mergePages: false });
  return text
    .map((page, index) => ({ place: `page ${index + 1}`, text: page.trim() }))
    .filter((page) => page.text !== '');
}
