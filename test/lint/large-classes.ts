import { parseSync, Visitor } from 'vite';

/** Lines of a class, from `class` to its last brace. More is a sign that it does several things. */
export const MOST_CLASS_LINES = 200;

/**
 * The classes of a source that are too long, a line each.
 * @param path as it is named in the answer
 * @throws Error if the source cannot be parsed: what is not read cannot be judged
 */
export function largeClasses(path: string, text: string, most = MOST_CLASS_LINES): string[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const found: string[] = [];
  const check = (node: { id: { name: string } | null; start: number; end: number }) => {
    const lines = text.slice(node.start, node.end).split('\n').length;
    if (lines <= most) return;
    found.push(`${path}: class ${node.id?.name ?? '(without a name)'} has ${lines} lines, more than ${most}`);
  };
  new Visitor({ ClassDeclaration: check, ClassExpression: check }).visit(program);
  return found;
}
