import { explain } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { bomb, docx, pdf } from '../testing/documents.ts';
import type { DocumentKind } from './document.ts';
import { markdownSections } from './markdown.ts';
import { parseDocument } from './parse-document.ts';

const never = new AbortController().signal;
const parse = (
  kind: DocumentKind,
  content: string | Uint8Array,
  limits?: Parameters<typeof parseDocument>[3],
) => parseDocument(kind, typeof content === 'string' ? Buffer.from(content) : content, never, limits);
const failure = (work: Promise<unknown>) =>
  work.then(
    (value) => ({ code: 'none', message: JSON.stringify(value).slice(0, 300) }),
    (error: unknown) => explain(error),
  );

it('Markdown is cut at its headings, and not at those in code', () => {
  const text =
    'Intro\n# Opening *hours* #\nMonday\n```sh\n# no heading\n```\n## Closed\nSunday\n#hashtag\n### \nend';
  expect(markdownSections(text)).toEqual([
    { place: null, text: 'Intro' },
    { place: 'Opening hours', text: 'Monday\n```sh\n# no heading\n```' },
    { place: 'Closed', text: 'Sunday\n#hashtag\n### \nend' },
  ]);
});

describe('a document', () => {
  it('of text is one section', async () => {
    expect(await parse('text', 'one\r\ntwo\n')).toEqual([{ place: null, text: 'one\ntwo' }]);
  });

  it('of PDF has its pages as places', async () => {
    expect(await parse('pdf', pdf(['The ferry leaves at noon', 'Tickets cost 5']))).toEqual([
      { place: 'page 1', text: 'The ferry leaves at noon' },
      { place: 'page 2', text: 'Tickets cost 5' },
    ]);
  });

  it('of HTML is its article, without scripts and menus', async () => {
    const words = 'The harbour of the town is open to ships of every kind, all day and all night. '.repeat(
      10,
    );
    const sections = await parse(
      'html',
      `<html><head><title>T</title><script>evil()</script></head><body><nav>Home | Shop</nav><article><h1>Harbour</h1><p>${words}</p><h2>Tickets</h2><p>Five <b>crowns</b> each. ${words}</p></article></body></html>`,
    );
    expect(sections.map(({ place }) => place)).toContain('Tickets');
    const text = sections.map((section) => section.text).join('\n');
    expect(text).toContain('Five **crowns** each');
    expect(text).not.toMatch(/evil|Shop/);
  });

  it('of HTML that is no article is read whole', async () => {
    expect(await parse('html', '<p>short</p>')).toEqual([{ place: null, text: 'short' }]);
  });

  it('of Word has its headings as places', async () => {
    expect(await parse('docx', docx(['# Opening hours', 'Monday to Friday']))).toEqual([
      { place: 'Opening hours', text: 'Monday to Friday' },
    ]);
  });
});

describe('a document that is damaged or hostile', () => {
  it.each([
    ['text that is not UTF-8', 'text', Buffer.from([0xff, 0xfe, 0x41]), 'not text in UTF-8'],
    ['an empty text', 'text', Buffer.from('  \n'), 'no text'],
    ['a PDF in name only', 'pdf', Buffer.from('%PDF-1.4 nothing more'), 'damaged'],
    ['a Word document in name only', 'docx', Buffer.from('PK nothing more'), 'damaged'],
    ['one that is too large', 'text', Buffer.alloc(33 * 1024 * 1024, 'a'), 'larger than one may be'],
    ['text beyond its bound', 'text', Buffer.alloc(9_000_000, 'a'), 'more text'],
  ] as const)('%s is refused', async (_, kind, content, words) => {
    expect(await failure(parse(kind, content))).toMatchObject({
      code: 'E_DOCUMENT',
      message: expect.stringContaining(words),
    });
  });

  it('a bomb of 150 MB in a few hundred kilobytes is refused', async () => {
    const content = bomb(150_000_000);
    expect(content.length).toBeLessThan(1_000_000);
    expect(await failure(parse('docx', content))).toMatchObject({ code: 'E_DOCUMENT' });
  });

  it('elements nested 100,000 deep end with an error, and this process goes on', async () => {
    const deep = parse('html', `${'<div>'.repeat(100_000)}deep`, { seconds: 3, memoryBytes: 1e9 });
    expect(await failure(deep)).toMatchObject({ code: 'E_DOCUMENT' });
  });

  it('a PDF whose pages are a circle ends', async () => {
    const circle = Buffer.from(
      Buffer.from(pdf(['a']))
        .toString('latin1')
        .replace('/Kids [4 0 R] /Count 1', '/Kids [2 0 R] /Count 9'),
      'latin1',
    );
    expect(await failure(parse('pdf', circle, { seconds: 5, memoryBytes: 1e9 }))).toMatchObject({
      code: 'E_DOCUMENT',
    });
  });

  it('one that takes too long is killed', async () => {
    expect(await failure(parse('pdf', pdf(['a']), { seconds: 0, memoryBytes: 1e9 }))).toMatchObject({
      code: 'E_DOCUMENT',
      message: expect.stringContaining('longer than it may'),
    });
  });

  it.runIf(process.platform === 'linux')('one that takes too much memory is killed', async () => {
    expect(await failure(parse('docx', bomb(20_000_000), { seconds: 60, memoryBytes: 1e6 }))).toMatchObject({
      code: 'E_DOCUMENT',
      message: expect.stringContaining('memory'),
    });
  });

  it('an aborted reading ends with the reason', async () => {
    const abort = new AbortController();
    const reading = parseDocument('pdf', pdf(['a']), abort.signal);
    abort.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});
