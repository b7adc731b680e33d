import { expect, it } from 'vitest';
import { type Element, type Node, nodesOf } from './nodes.ts';

const elementsOf = (nodes: readonly Node[]): Element[] =>
  nodes.flatMap((node) => (typeof node === 'string' ? [] : [node, ...elementsOf(node.children)]));
const textOf = (nodes: readonly Node[]): string =>
  nodes.map((node) => (typeof node === 'string' ? node : textOf(node.children))).join('');

it('an answer in Markdown becomes headings, lists, tables, code and emphasis', () => {
  const nodes = nodesOf(
    '# Title\n\nSome *very* **bold** ~~old~~ `code` &amp; text.\n\n3. one\n4. two\n   - [x] done\n\n```js\n1 < 2\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n> said\n\n---\n',
  )!;
  expect(nodes.map((node) => (node as Element).tag)).toEqual([
    'h3',
    'p',
    'ol',
    'pre',
    'table',
    'blockquote',
    'hr',
  ]);
  expect(textOf([nodes[1]!])).toBe('Some very bold old code & text.');
  expect(nodes[2]).toMatchObject({ start: 3 });
  expect(textOf([nodes[2]!])).toContain('☑ done');
  expect(nodes[3]).toEqual({ tag: 'pre', children: [{ tag: 'code', children: ['1 < 2'] }] });
  expect(elementsOf([nodes[4]!]).map(({ tag }) => tag)).toEqual(
    expect.arrayContaining(['thead', 'th', 'tbody', 'td']),
  );
});

it('HTML stays text, in blocks and in lines', () => {
  for (const html of [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    'a <b onclick="x()">b</b> c',
  ]) {
    const nodes = nodesOf(html)!;
    expect(textOf(nodes)).toBe(html);
    expect(elementsOf(nodes).every(({ tag, href }) => tag === 'p' && href === undefined)).toBe(true);
  }
});

it('a link leads to http or https alone, and shows where', () => {
  expect(nodesOf('[my bank](https://evil.example/x)')).toEqual([
    {
      tag: 'p',
      children: [{ tag: 'a', children: ['my bank'], href: 'https://evil.example/x' }, ' (evil.example)'],
    },
  ]);
  for (const href of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    '//evil.example',
    '/v1/shutdown',
    '#/tasks',
    'https://bank.example@evil.example/',
    'vbscript:x',
  ]) {
    const nodes = nodesOf(`[words](${href})`)!;
    expect(
      elementsOf(nodes).map(({ tag }) => tag),
      href,
    ).toEqual(['p']);
    expect(textOf(nodes), href).toContain('words');
  }
});

it('an image is a link: nothing is loaded before a click', () => {
  const [paragraph] = nodesOf('![a cat](https://beacon.example/x.png)')!;
  expect(paragraph).toEqual({
    tag: 'p',
    children: [
      { tag: 'a', children: ['image: a cat'], href: 'https://beacon.example/x.png' },
      ' (beacon.example)',
    ],
  });
  expect(elementsOf(nodesOf('![](data:image/png;base64,xx)')!).map(({ tag }) => tag)).toEqual(['p']);
});

it('what is too long or too deep for the parser stays text, and what is deep stays flat', () => {
  expect(nodesOf('a'.repeat(20_001))).toBeNull();
  expect(nodesOf('>'.repeat(20_000))).toBeNull();
  const deep = nodesOf(`${'>'.repeat(40)} deep`)!;
  expect(elementsOf(deep).length).toBeLessThan(20);
  expect(textOf(deep)).toContain('deep');
});
