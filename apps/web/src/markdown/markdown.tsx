import { type ComponentChild, h } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Node } from './nodes.ts';

type NodesOf = typeof import('./nodes.ts')['nodesOf'];

/** The parser, once some answer has needed it. */
let loaded: NodesOf | null = null;

/** A text in Markdown, as elements: no part of it is ever taken for HTML. Until the parser is there it is plain text. */
export function Markdown({ text }: { text: string }) {
  const [parse, setParse] = useState(() => loaded);
  useEffect(() => {
    if (parse) return;
    import('./nodes.ts').then(
      ({ nodesOf }) => {
        loaded = nodesOf;
        setParse(() => nodesOf);
      },
      // It stays text.
      () => undefined,
    );
  }, [parse]);
  const nodes = useMemo(() => parse?.(text), [parse, text]);
  return nodes ? <div class="markdown">{nodes.map(shown)}</div> : <span>{text}</span>;
}

function shown(node: Node): ComponentChild {
  if (typeof node === 'string') return node;
  const { tag, href, start, children } = node;
  const link = href === undefined ? {} : { href, target: '_blank', rel: 'noopener noreferrer nofollow' };
  return h(tag, { ...link, ...(start === undefined ? {} : { start }) }, ...children.map(shown));
}
