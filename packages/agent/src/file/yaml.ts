import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { Fault } from './fault.ts';
import { MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES } from './limits.ts';

/** A place in a file, both from 1. */
export interface Place {
  line: number;
  column: number;
}

/** A YAML file as a plain value, and where its keys and values are. */
export interface YamlValue {
  value: unknown;
  /** Where the key or value at a path is; of a path that the file does not have, where its nearest section is. */
  placeOf(path: readonly PropertyKey[]): Place;
  /** Whether the key at a path has no value, and stands between commas: often the rest of an unquoted text. */
  isLoose(path: readonly PropertyKey[]): boolean;
}

/** Unwinds the reader at the first fault. */
class Unreadable extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** `\0` is no character of a YAML key that is read here: it cannot be written in a plain file. */
const idOf = (path: readonly PropertyKey[]): string => path.map(String).join('\0');

/**
 * Reads YAML (JSON is YAML) of a stranger: bounded, without anchors, aliases, tags and sections as keys, none of which
 * an agent file needs. The library's own conversion is not used: it takes minutes for some files of 100 KB.
 * @returns the value, or the first fault
 */
export function readYaml(text: string): YamlValue | Fault {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_FILE_BYTES) {
    return fault(
      '',
      { line: 1, column: 1 },
      `the file is too long: ${bytes} of at most ${MAX_FILE_BYTES} bytes`,
    );
  }
  if (text.includes('\0')) return fault('', { line: 1, column: 1 }, 'the file has bytes that are not text');
  const lines = new LineCounter();
  const deep = tooDeep(text);
  if (deep) return deep;
  // Without what is quadratic in it: its pictures of errors, and its search for keys that occur twice.
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: 'error',
    prettyErrors: false,
    uniqueKeys: false,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const message = `it is not YAML as an agent file needs it: ${problem.message.split('\n', 1)[0]}`;
    return fault('', placeAt(lines, problem.pos[0]), message);
  }
  const reader = new Reader(lines);
  try {
    const value = reader.read(document.contents, []);
    return {
      value,
      placeOf: (path) => reader.placeOf(path),
      isLoose: (path) => reader.loose.has(idOf(path)),
    };
  } catch (error) {
    if (error instanceof Unreadable) return error.fault;
    throw error;
  }
}

function fault(path: string, place: Place, message: string, hint = 'correct the file'): Fault {
  return { path, ...place, message, hint };
}

/** Brackets and indents in each other, before the parser recurses into them. */
function tooDeep(text: string): Fault | null {
  let [depth, line] = [0, 1];
  for (const character of text) {
    if (character === '\n') line++;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    // Brackets in texts count as well, so the bound is far above what sections reach.
    if (depth > 40 * MAX_DEPTH) return fault('', { line, column: 1 }, 'brackets are nested too deeply');
  }
  return null;
}

class Reader {
  readonly loose = new Set<string>();
  readonly #lines: LineCounter;
  readonly #places = new Map<string, Place>();
  #nodes = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  placeOf(path: readonly PropertyKey[]): Place {
    for (let length = path.length; length >= 0; length--) {
      const place = this.#places.get(idOf(path.slice(0, length)));
      if (place) return place;
    }
    return { line: 1, column: 1 };
  }

  read(node: unknown, path: readonly PropertyKey[]): unknown {
    const place = this.#note(node, path);
    const refuse = (message: string, hint: string) =>
      new Unreadable(fault(path.map(String).join('.'), place, message, hint));
    if (++this.#nodes > MAX_NODES) throw refuse('the file has too many values', 'leave some out');
    if (path.length > MAX_DEPTH) throw refuse('sections are nested too deeply', 'correct the file');
    if (node === null || node === undefined) return null;
    if (isAlias(node)) throw refuse('anchors and aliases are not read', 'write the value out');
    if ((node as { anchor?: string }).anchor)
      throw refuse('anchors and aliases are not read', 'write the value out');
    if (isMap(node)) return this.#readMap(node, path, refuse);
    if (isSeq(node)) return node.items.map((item, i) => this.read(item, [...path, i]));
    return isScalar(node) ? node.value : null;
  }

  #readMap(
    map: YAMLMap,
    path: readonly PropertyKey[],
    refuse: (message: string, hint: string) => Error,
  ): Record<string, unknown> {
    const section: Record<string, unknown> = {};
    for (const { key, value } of map.items as Pair[]) {
      if (!isScalar(key)) throw refuse('a key must be a word', 'correct the file');
      const name = String(key.source ?? key.value);
      const at = [...path, name];
      const place = this.#note(key, at);
      // As a property of a plain object it would change what the object is.
      if (name === '__proto__') {
        throw new Unreadable(
          fault(at.map(String).join('.'), place, `there is no key "${name}"`, 'remove it'),
        );
      }
      if (Object.hasOwn(section, name)) {
        throw new Unreadable(fault(at.map(String).join('.'), place, 'stands here twice', 'remove one'));
      }
      section[name] = this.read(value, at);
      this.#places.set(idOf(at), place);
      if (map.flow && (value === null || value === undefined)) this.loose.add(idOf(at));
    }
    return section;
  }

  #note(node: unknown, path: readonly PropertyKey[]): Place {
    const start = (node as Node | null)?.range?.[0];
    const place = start === undefined ? this.placeOf(path) : placeAt(this.#lines, start);
    this.#places.set(idOf(path), place);
    return place;
  }
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
