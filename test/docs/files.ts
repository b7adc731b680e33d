import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's root, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const IGNORED = ['node_modules', 'dist', 'coverage', '.git', 'artifacts', 'generated', 'build'];

/** Paths, from the root, of the files that fit one of the patterns; what is installed or built is left out. */
export function files(...patterns: string[]): string[] {
  const found = globSync(patterns, {
    cwd: root,
    exclude: (path) => IGNORED.includes(path.split('/').at(-1)!),
  });
  return [...new Set([...found, ...dotFolder(patterns)])].sort();
}

/** A glob does not enter `.github` by itself. */
function dotFolder(patterns: readonly string[]): string[] {
  return globSync(
    patterns.map((pattern) => `.github/${pattern}`),
    { cwd: root },
  );
}

/** The text of a file, its path given from the root. */
export function read(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8');
}

/** Every Markdown file of the repository. */
export const documents = (): string[] => files('**/*.md');

/** Every source file that has comments in the manner of C. */
export const sources = (): string[] => files('**/*.{ts,js,sol,circom}');

/** A comment, or a string, with a slash or a quote at its ends. */
const TOKENS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;

/** The comments of a source and its strings; a regular expression that holds a quote may be taken for a string. */
export function wordsOf(source: string): { comments: string[]; strings: string[] } {
  const tokens = source.match(TOKENS) ?? [];
  return {
    comments: tokens.filter((token) => token.startsWith('/')),
    strings: tokens.filter((token) => !token.startsWith('/')),
  };
}

/** A comment, a string or a document in one line, so that a phrase that is broken over two lines is found. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*(?:\*(?!\/)|\/\/\/?)?\s*/g, ' ');
}

/** Markdown without its code blocks, each replaced by an empty line. */
export function prose(markdown: string): string {
  return markdown.replace(/^( *)```[\s\S]*?^\1```$/gm, '');
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const { title } of headingsOf(markdown)) {
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The headings of a document, as they are read. */
export function headingsOf(markdown: string): { title: string }[] {
  return [...prose(markdown).matchAll(/^#{1,6} +(.+?)\s*#*$/gm)].map(([, text]) => ({
    title: text!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, ''),
  }));
}
