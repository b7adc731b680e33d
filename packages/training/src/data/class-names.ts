import { readFile, stat } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import { MAX_CLASS_FILE_BYTES, MAX_CLASS_NAME, MAX_CLASSES } from './limits.ts';
import { unreadable } from './unreadable.ts';

/** What is known about the classes before any sample is read: all names in order, or their number. */
export interface ClassOptions {
  /** Names of all classes, in the order of their numbers. */
  classNames?: readonly string[];
  /** Number of classes, if labels are numbers from 0. */
  classes?: number;
}

/** Numbers this sparse are identifiers rather than the numbers of classes. */
const SPARSE = 1000;

const NUMBER = /^[+-]?\d{1,15}(?:\.\d*)?$/;
const WHOLE = /^\+?\d{1,15}(?:\.0*)?$/;

/** As C, R and numpy print numbers: `1.000000e+00`. Names that look alike, such as `1E5`, lack the sign or the digits. */
const PRINTED = /^[+-]?\d(?:\.\d*)?e[+-]\d{2,3}$/i;

/** Placeholders of statistics programs for a missing number. */
const NOTHING = /^(?:na|nan|n\/a|null|none|nil|\?)$/i;

/**
 * A label in the one form that all its spellings share: Unicode NFC, no blanks around it, and numbers without sign,
 * leading zeros, empty decimals and power of ten. `1`, `1.0`, `01`, `+1.` and `1.0e+00` are one class.
 */
export function canonicalLabel(label: string): string {
  const text = label.trim().normalize('NFC');
  if (!NUMBER.test(text) && !PRINTED.test(text)) return text;
  const number = String(Number(text) + 0);
  return NUMBER.test(number) ? number : text;
}

/** Whether the names of the classes are just their numbers. */
export function isNumbered(classNames: readonly string[]): boolean {
  return classNames.every((name, i) => name === String(i));
}

/** The names `0` to `count - 1`. */
export function numberedNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/**
 * The names of the classes that labels stand for, in the order of their numbers.
 *
 * Whole numbers from 0 are the class itself, so that a part that lacks one has the same classes. Other numbers are
 * numbered in rising order, and names in the order of their code units, which is the same in every locale; numbers
 * come before names.
 *
 * @param labels every label of the data, of all its parts that are trained on
 * @param path for messages
 * @throws ChorusError `E_DATA_FORMAT` if they make no classes, or do not fit what is known
 */
export function classNamesOf(labels: Iterable<string>, known: ClassOptions, path: string): string[] {
  if (known.classNames) return checkNames(known.classNames.map(canonicalLabel), path);
  const distinct = new Set([...labels].map(canonicalLabel));
  distinct.delete('');
  const some = [...distinct].filter((label) => !NOTHING.test(label));
  const names = some.length > 0 && some.every((label) => NUMBER.test(label)) ? some : [...distinct];
  if (known.classes !== undefined) return numberedOr(names, known.classes, path);
  if (names.length > 0 && names.every((label) => WHOLE.test(label))) return wholeNumbers(names, path);
  return checkNames(names.sort(inOrder), path);
}

/** A text of its own: a part of a longer one would keep that in memory. */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/** Labels of many samples, each different one kept once. */
export class LabelList {
  readonly #numbers = new Map<string, number>();
  readonly #counts: number[] = [];
  #entries = new Int32Array(1024);
  #length = 0;

  /** A list of these labels. */
  static of(labels: Iterable<string>): LabelList {
    const list = new LabelList();
    for (const label of labels) list.add(label);
    return list;
  }

  get length(): number {
    return this.#length;
  }

  add(label: string): void {
    let number = this.#numbers.get(label);
    if (number === undefined) {
      number = this.#counts.length;
      this.#numbers.set(ownText(label), number);
      this.#counts.push(0);
    }
    this.#counts[number]!++;
    if (this.#length === this.#entries.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#entries);
      this.#entries = larger;
    }
    this.#entries[this.#length++] = number;
  }

  /** Each different label and how many samples have it. */
  *counted(): Generator<[label: string, samples: number]> {
    for (const [label, number] of this.#numbers) yield [label, this.#counts[number]!];
  }

  /** For each sample the number of its label; `numbers` are those of the labels of {@link counted}, in that order. */
  map(numbers: readonly number[]): Int32Array {
    const result = this.#entries.slice(0, this.#length);
    for (let i = 0; i < result.length; i++) result[i] = numbers[result[i]!]!;
    return result;
  }
}

/**
 * The number of each label's class; -1 for a label that says nothing: an empty one, or a placeholder such as `NA` if
 * classes are numbers.
 * @throws ChorusError `E_DATA_LABEL` naming the labels that are no class
 */
export function numberLabels(
  labels: Iterable<string>,
  classNames: readonly string[],
  path: string,
): Int32Array {
  const list = LabelList.of(labels);
  return list.map(classNumbers(list, classNames, path));
}

/** {@link numberLabels} of each different label, in the order of {@link LabelList.counted}. */
export function classNumbers(labels: LabelList, classNames: readonly string[], path: string): number[] {
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  const numeric = classNames.every((name) => NUMBER.test(name));
  const strangers = new Map<string, number>();
  const found: number[] = [];
  for (const [label, samples] of labels.counted()) {
    const name = canonicalLabel(label);
    const number = numbers.get(name);
    found.push(number ?? -1);
    if (number === undefined && name !== '' && !(numeric && NOTHING.test(name))) {
      strangers.set(name, (strangers.get(name) ?? 0) + samples);
    }
  }
  if (strangers.size > 0) throw unknownClasses(strangers, classNames, path);
  return found;
}

/** The refusal of samples whose class is not among those of the data. */
function unknownClasses(
  strangers: ReadonlyMap<string, number>,
  classNames: readonly string[],
  path: string,
): ChorusError {
  return new ChorusError('E_DATA_LABEL', 'samples are of classes that this data does not have', {
    facts: {
      path,
      samples: [...strangers.values()].reduce((a, b) => a + b, 0),
      unknown: someOf([...strangers.keys()]),
      classes: isNumbered(classNames) ? `0..${classNames.length - 1}` : someOf(classNames),
    },
    hint: 'leave these samples out, or state all classes, of all parts, with --classes FILE (one name a line) or --classes N',
  });
}

/**
 * Names of classes from a file: one a line, in the order of their numbers; empty lines do not count.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`
 */
export async function readClassNames(path: string): Promise<string[]> {
  let bytes: Uint8Array;
  try {
    if ((await stat(path)).size > MAX_CLASS_FILE_BYTES) {
      throw new ChorusError('E_DATA_FORMAT', 'the file of class names is too large', {
        facts: { path, limit: MAX_CLASS_FILE_BYTES },
        hint: 'write one short name a line',
      });
    }
    bytes = await readFile(path);
  } catch (cause) {
    throw cause instanceof ChorusError ? cause : unreadable(path, cause);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ChorusError('E_DATA_FORMAT', 'the file of class names is not UTF-8', {
      facts: { path },
      hint: 'save it as UTF-8, one name a line',
      cause,
    });
  }
  return checkNames(
    text
      .split(/\r\n|\r|\n/)
      .map(canonicalLabel)
      .filter((line) => line !== ''),
    path,
  );
}

/** The first few, for display. */
export function someOf(names: readonly string[], count = 12): string {
  const shown = names.slice(0, count).map((name) => (name.length > 40 ? `${name.slice(0, 39)}…` : name));
  return shown.join(', ') + (names.length > count ? ` and ${names.length - count} more` : '');
}

function numberedOr(names: string[], count: number, path: string): string[] {
  if (names.every((label) => WHOLE.test(label))) return numberedNames(count);
  if (names.length === count) return checkNames(names.sort(inOrder), path);
  throw new ChorusError('E_DATA_FORMAT', `labels are names, and not of ${count} classes`, {
    facts: { path, found: names.length, names: someOf(names.sort(inOrder)) },
    hint: 'say which number each name has, with --classes FILE: one name a line',
  });
}

function wholeNumbers(names: string[], path: string): string[] {
  const highest = names.reduce((most, name) => Math.max(most, Number(name)), 0);
  if (highest >= SPARSE && highest >= 2 * names.length) {
    throw new ChorusError(
      'E_DATA_FORMAT',
      'labels are numbers far apart: numbers of classes, or identifiers?',
      {
        facts: { path, found: someOf(names.sort(inOrder)), highest },
        hint:
          highest < MAX_CLASSES
            ? `say --classes ${highest + 1} if the highest is the last class, or list them in the order of their classes with --classes FILE`
            : 'list them in the order of their classes with --classes FILE: one label a line',
      },
    );
  }
  return checkNames(numberedNames(highest + 1), path);
}

function checkNames(names: readonly string[], path: string): string[] {
  const refuse = (message: string, facts: Record<string, string | number>, hint: string) =>
    new ChorusError('E_DATA_FORMAT', message, { facts: { path, ...facts }, hint });
  if (names.length < 2) {
    throw refuse(
      'classification needs at least two classes',
      { classes: names.length, ...(names.length > 0 ? { found: names[0]! } : {}) },
      'if this is a part of the data that has others, state them all with --classes FILE (one name a line) or --classes N',
    );
  }
  if (names.length > MAX_CLASSES) {
    throw refuse(
      'there are more classes than a task can have',
      { classes: names.length, limit: MAX_CLASSES },
      'check the place of the labels; for CSV give it with --label-column',
    );
  }
  const seen = new Set<string>();
  for (const name of names) {
    if (name.length > MAX_CLASS_NAME) {
      throw refuse(
        'the name of a class is too long',
        { name: name.slice(0, 60), limit: MAX_CLASS_NAME },
        'shorten it',
      );
    }
    if (seen.has(name)) throw refuse('a class is named twice', { name }, 'name each class once');
    seen.add(name);
  }
  return [...names];
}

/** Numbers in rising order, then names by code unit. */
function inOrder(a: string, b: string): number {
  const [numberA, numberB] = [NUMBER.test(a), NUMBER.test(b)];
  if (numberA && numberB) return Number(a) - Number(b);
  if (numberA !== numberB) return numberA ? -1 : 1;
  return a < b ? -1 : 1;
}
