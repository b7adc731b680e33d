import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, documents, headingsOf, oneLine, prose, read, root, sources, wordsOf } from './files.ts';

/** Documents of other projects that comments name. */
const ELSEWHERE = new Set(['ERC8004SPEC.md', 'doc/r1cs_bin_format.md']);

/** Where the links of a document lead, but for those to the web. */
function linksOf(markdown: string): string[] {
  const links = [...prose(markdown).matchAll(/\]\(([^()\s]+(?:\([^()\s]*\))?)\)/g)].map(
    ([, target]) => target!,
  );
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** What is wrong with a link of a document, if anything. */
function fault(document: string, target: string): string | undefined {
  const [path, anchor] = target.split('#') as [string, string?];
  const file = path === '' ? document : normalize(join(dirname(document), decodeURI(path)));
  if (!existsSync(root + file)) return `${target}: there is no ${file}`;
  if (anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).has(anchor)) {
    return `${target}: ${file} has no such heading`;
  }
  return undefined;
}

describe('links of Markdown files', () => {
  it.each(documents())('every relative link of %s leads to a file and a heading', (document) => {
    const faults = linksOf(read(document)).map((target) => fault(document, target));
    expect(faults.filter((each) => each !== undefined)).toEqual([]);
  });

  it('the check finds a file and a heading that do not exist', () => {
    expect(fault('README.md', 'docs/nowhere.md')).toContain('there is no docs/nowhere.md');
    expect(fault('README.md', '#nowhere')).toContain('no such heading');
    expect(fault('docs/README.md', '../README.md#words')).toBeUndefined();
    expect(linksOf('[a](b.md) and [c](#d) and [e](https://f.org)\n```\n[g](h.md)\n```\n')).toEqual([
      'b.md',
      '#d',
    ]);
  });
});

/** The documents that a source names in comments, and those under `docs/` that it names anywhere. */
function namedBy(source: string): { name: string; section: string | undefined }[] {
  const { comments, strings } = wordsOf(source);
  const inStrings = strings.filter((text) => /docs\/[\w/-]+\.md/.test(text));
  return [...comments, ...inStrings].map(oneLine).flatMap((text) =>
    [...text.matchAll(/([\w./-]*\w\.md)\b`?(?:[,:]? "([^"]+)")?/g)].map(([, name, section]) => ({
      name: name!,
      section,
    })),
  );
}

/** Where a name leads: from the folder of the source, from its package, or from the root. */
function resolve(source: string, name: string): string | undefined {
  const packageFolder = source
    .split('/')
    .slice(0, source.startsWith('circuits/') ? 1 : 2)
    .join('/');
  return [dirname(source), packageFolder, '']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(root + path));
}

describe('documents that sources name', () => {
  const named = sources()
    .filter((source) => !source.startsWith('test/docs/'))
    .flatMap((source) => namedBy(read(source)).map((each) => ({ source, ...each })))
    .filter(({ name }) => !ELSEWHERE.has(name));

  it('sources name documents, so that the checks below have something to check', () => {
    expect(named.length).toBeGreaterThan(20);
  });

  it('every document that a comment names is in the repository', () => {
    const missing = named.filter(({ source, name }) => resolve(source, name) === undefined);
    expect(missing).toEqual([]);
  });

  it('every section that a comment quotes is a heading of its document', () => {
    const missing = named.filter(({ source, name, section }) => {
      const document = resolve(source, name);
      return section !== undefined && document !== undefined && !hasHeading(document, section);
    });
    expect(missing).toEqual([]);
  });
});

function hasHeading(document: string, title: string): boolean {
  return headingsOf(read(document)).some((heading) => heading.title === title);
}
