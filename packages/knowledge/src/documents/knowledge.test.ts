import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Embedder, hasCode } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DocumentIndex } from '../index/document-index.ts';
import { EMBED_AT_ONCE, PASSAGE_LENGTH } from '../limits.ts';
import { toPassages } from '../passages/split.ts';
import { fuse } from '../search/fuse.ts';
import { matchOf } from '../search/match.ts';
import { nearest, unit } from '../search/vectors.ts';
import { pdf } from '../testing/documents.ts';
import { type Knowledge, type KnowledgeOptions, openKnowledge } from './knowledge.ts';

const never = new AbortController().signal;
let folder: string;
let opened: Knowledge | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-knowledge-'));
  await mkdir(join(folder, 'papers'));
  await write(
    'papers/hours.md',
    '# Opening hours\nThe museum is open from Tuesday to Sunday.\n# Prices\nAdults pay 12 crowns.',
  );
  await write('papers/ferry.txt', 'The ferry to Hel leaves at noon from pier 3.');
});
afterEach(async () => {
  await opened?.close();
  opened = undefined;
  await rm(folder, { recursive: true, force: true });
});

const write = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);
async function open(more: Partial<KnowledgeOptions> = {}): Promise<Knowledge> {
  await opened?.close();
  opened = await openKnowledge({
    files: ['./papers'],
    folder,
    state: join(folder, 'state'),
    embedder: null,
    signal: never,
    ...more,
  });
  return opened;
}
const sources = async (question: string, most = 5) =>
  (await opened!.search(question, most, never)).map(({ source, place }) =>
    place ? `${source}: ${place}` : source,
  );

describe('parts of searching', () => {
  it('words of a question are no operators', () => {
    expect(matchOf('When NOT "open" OR (Prices*): a-b?')).toBe(
      '"when" OR "not" OR "open" OR "or" OR "prices" OR "a" OR "b"',
    );
    expect(matchOf('?!')).toBeNull();
    expect(
      matchOf('x '.repeat(10) + Array.from({ length: 500 }, (_, i) => `w${i}`).join(' '))!.split(' OR '),
    ).toHaveLength(48);
  });

  it('what two rankings agree on comes first', () => {
    expect(
      fuse(
        [
          [1, 2, 3],
          [4, 3, 2],
        ],
        3,
      ),
    ).toEqual([2, 3, 1]);
    expect(fuse([[7], []], 5)).toEqual([7]);
  });

  it('the nearest vectors come first, and those of another length not at all', () => {
    const vectors = new Map([
      [1, unit([1, 0])],
      [2, unit([1, 1])],
      [3, unit([1, 0, 0])],
    ]);
    expect(nearest(unit([0, 2]), vectors, 5)).toEqual([2, 1]);
  });

  it.each([[[]], [[0, 0]], [[Number.NaN]], [[Infinity]]])('%j is no vector', (numbers) => {
    expect(() => unit(numbers)).toThrow(expect.toSatisfy((error) => hasCode(error, 'E_DOCUMENT_EMBED')));
  });

  it('passages are whole paragraphs if they fit, and lose nothing but space', () => {
    const paragraph = (n: number) => `Paragraph ${n}. ${'word '.repeat(100)}`.trim();
    const text = Array.from({ length: 7 }, (_, i) => paragraph(i)).join('\n\n');
    const passages = toPassages([{ place: 'p', text }]);
    for (const { text: passage } of passages) {
      expect(passage.length).toBeLessThanOrEqual(PASSAGE_LENGTH);
      expect(passage).toMatch(/^Paragraph/);
    }
    const long = `${'x'.repeat(5_000)} end`;
    const all = toPassages([{ place: null, text: long }]);
    expect(all.every((each) => each.text.length <= PASSAGE_LENGTH)).toBe(true);
    expect(
      all
        .map((each) => each.text)
        .join('')
        .replaceAll(' ', ''),
    ).toBe(long.replaceAll(' ', ''));
  });
});

describe('documents of an agent', () => {
  it('passages are found by words, with their document and place', async () => {
    await open();
    expect(await opened!.search('When does the ferry leave?', 1, never)).toEqual([
      { source: 'papers/ferry.txt', place: null, text: 'The ferry to Hel leaves at noon from pier 3.' },
    ]);
    expect(await sources('How much is it for adults?', 1)).toEqual(['papers/hours.md: Prices']);
    expect(await sources('quantum chromodynamics')).toEqual([]);
    expect(await sources('"; DROP TABLE documents; --')).toEqual([]);
  });

  it('only what has changed is read again', async () => {
    const read: number[] = [];
    const onProgress = ({ of }: { of: number | null }) => read.push(of ?? -1);
    await open({ onProgress });
    expect(read).toEqual([2, 2]);
    read.length = 0;
    await open({ onProgress });
    expect(read).toEqual([]);
    // Touched, and the same.
    await utimes(join(folder, 'papers/ferry.txt'), 1, 1);
    const before = opened!.documents();
    await open({ onProgress });
    expect(read).toEqual([1]);
    expect(opened!.documents().map(({ digest }) => digest)).toEqual(before.map(({ digest }) => digest));
    await write('papers/ferry.txt', 'The boat sails at midnight.');
    await rm(join(folder, 'papers/hours.md'));
    await open();
    expect(await sources('When does the boat sail?')).toEqual(['papers/ferry.txt']);
    expect(await sources('adults crowns')).toEqual([]);
    expect(opened!.documents()).toMatchObject([{ source: 'papers/ferry.txt', passages: 1 }]);
  });

  it('a document that cannot be read is listed with the reason, and the others are used', async () => {
    await write('papers/broken.pdf', 'no pdf');
    await write('papers/good.pdf', pdf(['Parking is free on Sundays']));
    await write('papers/picture.png', 'not a document');
    await open();
    expect(
      opened!.documents().map(({ source, passages, fault }) => [source, passages, fault !== null]),
    ).toEqual([
      ['papers/broken.pdf', 0, true],
      ['papers/ferry.txt', 1, false],
      ['papers/good.pdf', 1, false],
      ['papers/hours.md', 2, false],
    ]);
    expect(await sources('parking', 1)).toEqual(['papers/good.pdf: page 1']);
  });

  it.each([
    ['a pattern', ['papers/*.md'], ['papers/hours.md']],
    [
      'a file and a folder that has it, once',
      ['./papers/ferry.txt', 'papers'],
      ['papers/ferry.txt', 'papers/hours.md'],
    ],
  ])('%s names documents', async (_, files, expected) => {
    await open({ files });
    expect(opened!.documents().map(({ source }) => source)).toEqual(expected);
  });

  it('a pattern that names nothing is refused by name', async () => {
    await expect(open({ files: ['papers', 'dcos/*.md'] })).rejects.toMatchObject({
      code: 'E_DOCUMENT_FILES',
      facts: { pattern: 'dcos/*.md' },
    });
  });

  it('an index that is damaged is reported with its path', async () => {
    await mkdir(join(folder, 'state'));
    await write(
      'state/knowledge.sqlite',
      'no database at all, but long enough to be read as one'.repeat(100),
    );
    await expect(open()).rejects.toMatchObject({ code: 'E_DOCUMENT_INDEX' });
  });
});

describe('documents with vectors', () => {
  /** Knows that a boat is a ferry, and nothing else. */
  const embedder = (model = 'm'): Embedder & { asked: string[] } => {
    const asked: string[] = [];
    return {
      model,
      asked,
      embed: async (texts) => {
        asked.push(...texts);
        return texts.map((text) => Float32Array.of(/ferry|boat/i.test(text) ? 1 : 0, 0.1));
      },
    };
  };

  it('a passage is found by meaning where it shares no word', async () => {
    await open({ embedder: embedder() });
    await opened!.embedded;
    expect((await sources('boat'))[0]).toBe('papers/ferry.txt');
  });

  it('vectors are made once, and again for another model', async () => {
    const first = embedder();
    await open({ embedder: first });
    await opened!.embedded;
    expect(first.asked).toHaveLength(3);
    const again = embedder();
    await open({ embedder: again });
    await opened!.embedded;
    expect(again.asked).toEqual([]);
    const other = embedder('other');
    await open({ embedder: other });
    await opened!.embedded;
    expect(other.asked).toHaveLength(3);
  });

  it('vectors that are made between questions are used by the next one, without reading the others again', async () => {
    await write(
      'papers/a.md',
      Array.from({ length: EMBED_AT_ONCE }, (_, i) => `# Part ${i}\nText.`).join('\n'),
    );
    await write('papers/z.txt', 'The ferry to Gdynia.');
    const waiting: (() => void)[] = [];
    const known = embedder();
    const slow: Embedder = {
      model: known.model,
      embed: async (texts, signal) => {
        if (texts.length > 1) await new Promise<void>((resolve) => waiting.push(resolve));
        return known.embed(texts, signal);
      },
    };
    const read = vi.spyOn(DocumentIndex.prototype, 'vectors');
    await open({ embedder: slow });
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    expect(await sources('boat')).toEqual([]);
    waiting[0]!();
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    expect(await sources('boat')).not.toContain('papers/z.txt');
    waiting[1]!();
    await opened!.embedded;
    expect(await sources('boat')).toContain('papers/z.txt');
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
  });

  it('a model that does not answer leaves the search by words', async () => {
    const errors: unknown[] = [];
    const broken: Embedder = {
      model: 'm',
      embed: async () => {
        throw new Error('down');
      },
    };
    await open({ embedder: broken, onError: (error) => errors.push(error) });
    await opened!.embedded;
    expect(errors).toHaveLength(1);
    expect(await sources('ferry', 1)).toEqual(['papers/ferry.txt']);
  });

  it('closing does not wait for a model that is silent', async () => {
    const silent: Embedder = {
      model: 'm',
      embed: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    await open({ embedder: silent });
    await opened!.close();
  });
});
