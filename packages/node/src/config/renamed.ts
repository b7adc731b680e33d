import { ChorusError } from '@chorus/protocol';

/** Earlier names of keys and sections, old to new. */
export interface RenamedKeys {
  readonly renamed: ReadonlyMap<string, string>;
}

type Section = Record<string, unknown>;

/** A key that is written under its earlier name. */
export interface Renamed {
  from: string;
  to: string;
}

/** Earlier name of a key, or null: the key itself or a section around it may have been renamed. */
export function earlierName(key: string, { renamed }: RenamedKeys): string | null {
  for (const [from, to] of renamed) {
    if (key === to || key.startsWith(`${to}.`)) return from + key.slice(to.length);
  }
  return null;
}

/** The present name of a key that may be an earlier one. */
export function presentName(key: string, { renamed }: RenamedKeys): string {
  for (const [from, to] of renamed) {
    if (key === from || key.startsWith(`${from}.`)) return to + key.slice(from.length);
  }
  return key;
}

/**
 * A configuration with every value under its present name. The given value is not changed.
 *
 * @throws ChorusError `E_CONFIG` if a value is given under both names
 */
export function withPresentNames(
  value: unknown,
  definition: RenamedKeys,
  source: string,
): { value: unknown; renamed: Renamed[] } {
  if (typeof value !== 'object' || value === null) return { value, renamed: [] };
  const result = structuredClone(value) as Section;
  const renamed: Renamed[] = [];
  for (const [from, to] of definition.renamed) {
    const path = from.split('.');
    const given = valueAt(result, path);
    if (given === undefined) continue;
    const place = to.split('.');
    if (valueAt(result, place) !== undefined) {
      throw new ChorusError('E_CONFIG', `${from}: is given a second time as ${to}`, {
        facts: { source, field: from },
        hint: `remove ${from}: it is the earlier name`,
      });
    }
    removeAt(result, path);
    if (!putAt(result, place, given)) continue;
    renamed.push({ from, to });
  }
  return { value: result, renamed };
}

function valueAt(value: Section, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (isSection(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    value,
  );
}

/** Removes a value, and a section that held nothing else. */
function removeAt(value: Section, [name, ...inner]: readonly string[]): void {
  const part = value[name!];
  if (inner.length > 0 && isSection(part)) removeAt(part, inner);
  if (inner.length === 0 || (isSection(part) && Object.keys(part).length === 0)) delete value[name!];
}

/** False if something that is no section is in the way: parsing then names it. */
function putAt(value: Section, [name, ...inner]: readonly string[], given: unknown): boolean {
  if (inner.length === 0) {
    value[name!] = given;
    return true;
  }
  if (value[name!] === undefined || value[name!] === null) value[name!] = {};
  const part = value[name!];
  return isSection(part) && putAt(part, inner, given);
}

const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
