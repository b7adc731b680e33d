import { Lexer, type Token, type Tokens } from 'marked';

/** What Markdown may become on the screen. Nothing else is ever made of it, and no attribute but these. */
export type Tag =
  | 'p'
  | 'h3'
  | 'h4'
  | 'h5'
  | 'h6'
  | 'ul'
  | 'ol'
  | 'li'
  | 'blockquote'
  | 'pre'
  | 'code'
  | 'strong'
  | 'em'
  | 'del'
  | 'br'
  | 'hr'
  | 'table'
  | 'thead'
  | 'tbody'
  | 'tr'
  | 'th'
  | 'td'
  | 'a';

export interface Element {
  tag: Tag;
  children: Node[];
  /** Of a link: http or https. */
  href?: string;
  /** Of a list that does not begin with 1. */
  start?: number;
}
export type Node = string | Element;

/** Longer answers stay text: some texts take the parser time that grows with the square of their length. */
const MOST_CHARACTERS = 20_000;
/** Deeper parts stay text. */
const MOST_DEPTH = 12;

/**
 * Markdown as elements; null if it stays text. HTML in it stays text, images become links: nothing is loaded before a
 * click.
 */
export function nodesOf(markdown: string): Node[] | null {
  if (markdown.length > MOST_CHARACTERS) return null;
  try {
    return blocks(new Lexer({ gfm: true }).lex(markdown), 0);
  } catch {
    // Nested beyond what the parser's stack holds.
    return null;
  }
}

const element = (tag: Tag, children: Node[]): Element => ({ tag, children });

const blocks = (tokens: readonly Token[], depth: number): Node[] =>
  tokens.flatMap((token) => (depth > MOST_DEPTH ? [token.raw] : block(token as Tokens.Generic, depth)));

function block(token: Tokens.Generic, depth: number): Node[] {
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'checkbox':
      return [boxOf(token)];
    case 'hr':
      return [element('hr', [])];
    case 'heading':
      // Below the headings of the page.
      return [element(`h${Math.min(6, token.depth + 2)}` as Tag, inlines(token.tokens, depth))];
    case 'code':
      return [element('pre', [element('code', [token.text])])];
    case 'blockquote':
      return [element('blockquote', blocks(token.tokens ?? [], depth + 1))];
    case 'list':
      return [listOf(token as Tokens.List, depth)];
    case 'table':
      return [tableOf(token as Tokens.Table, depth)];
    case 'paragraph':
      return [element('p', inlines(token.tokens, depth))];
    case 'text':
      return token.tokens ? inlines(token.tokens, depth) : [plain(token.text)];
    default:
      return [element('p', [token.raw])];
  }
}

function listOf({ ordered, start, items }: Tokens.List, depth: number): Element {
  const list = element(
    ordered ? 'ol' : 'ul',
    items.map(({ tokens }) => element('li', blocks(tokens, depth + 1))),
  );
  return ordered && typeof start === 'number' && start !== 1 ? { ...list, start } : list;
}

function tableOf({ header, rows }: Tokens.Table, depth: number): Element {
  const row = (tag: 'th' | 'td') => (cells: readonly Tokens.TableCell[]) =>
    element(
      'tr',
      cells.map((cell) => element(tag, inlines(cell.tokens, depth))),
    );
  return element('table', [element('thead', [row('th')(header)]), element('tbody', rows.map(row('td')))]);
}

const inlines = (tokens: readonly Token[] | undefined, depth: number): Node[] =>
  (tokens ?? []).flatMap((token) =>
    depth > MOST_DEPTH ? [token.raw] : inline(token as Tokens.Generic, depth + 1),
  );

function inline(token: Tokens.Generic, depth: number): Node[] {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return [element(token.type, inlines(token.tokens, depth))];
    case 'codespan':
      return [element('code', [token.text])];
    case 'br':
      return [element('br', [])];
    case 'link':
      return linkOf(token.href, inlines(token.tokens, depth), token.text);
    case 'image':
      return linkOf(token.href, [`image: ${token.text || 'without a name'}`], null);
    case 'text':
      return token.tokens ? inlines(token.tokens, depth) : [plain(token.text)];
    case 'checkbox':
      return [boxOf(token)];
    case 'escape':
      return [token.text];
    default:
      return [token.raw];
  }
}

/** Of a list of things to do. */
const boxOf = ({ checked }: Tokens.Generic) => (checked ? '☑ ' : '☐ ');

/** A link with the host that it leads to, whatever its words say. Other schemes than http and https stay text. */
function linkOf(href: string, children: Node[], text: string | null): Node[] {
  const url = URL.canParse(href) ? new URL(href) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.password) {
    return [...children, ` (${href})`];
  }
  const link: Element = { tag: 'a', children, href: url.href };
  return text === href || text === url.host ? [link] : [link, ` (${url.host})`];
}

/** Names of characters that HTML would have read. */
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

const plain = (text: string) => text.replace(/&(?:amp|lt|gt|quot|#39);/g, (name) => ENTITIES[name]!);
