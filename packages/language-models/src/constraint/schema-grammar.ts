import { areDisjoint, overlap, typeOf } from './disjoint.ts';
import { type Pointer, refused, within } from './faults.ts';
import { choice, literal, NOTHING, type Part, type Rule, sequence, upTo } from './grammar.ts';
import { COLON, COMMA, list, NUMBER, OBJECT, STRING, stringOf, VALUE } from './json-grammar.ts';
import { integersWithin, numbersWithin } from './number-grammar.ts';
import { FORMATS } from './string-formats.ts';

/** Bounds on a stranger's schema: each part of it costs memory, and time with each token. */
const MOST = {
  characters: 16_384,
  parts: 2_000,
  depth: 32,
  items: 64,
  letters: 512,
  /** More ways to go on at one place than this cannot be followed. */
  values: 500,
  properties: 400,
} as const;

/** What is left of the parts that one grammar may have, also of several schemas. */
export interface PartsLeft {
  parts: number;
}

/** Keywords that say nothing of what a value may be. */
const NOTES = new Set(
  '$schema $id $defs definitions title description default examples deprecated readOnly writeOnly $comment'.split(
    ' ',
  ),
);
/** Keywords that say something of the values of one type. */
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
};
/** Keywords that say it of all values. Only `type` goes with them. */
const WHOLE = ['$ref', 'const', 'enum', 'anyOf', 'oneOf', 'allOf'] as const;
const KNOWN: ReadonlySet<string> = new Set([...NOTES, 'type', ...Object.values(OF_TYPE).flat(), ...WHOLE]);

type Schema = Readonly<Record<string, unknown>>;

/**
 * The grammar of the JSON values that a JSON Schema (2020-12) describes: each text of the grammar is such a value. The
 * properties of objects stand in the order of the schema, and there are no others. Spaces are allowed after colons and
 * commas, one each.
 *
 * @param text the schema as JSON
 * @param left is taken from
 * @throws ChorusError `E_AGENT_INPUT` if it is no schema, is too large, or has a keyword that a grammar cannot keep; its
 * message says which, and where
 */
export function schemaGrammar(text: string, left: PartsLeft = { parts: MOST.parts }): Part {
  if (text.length > MOST.characters) {
    throw refused(`the schema has ${text.length} characters, of at most ${MOST.characters}`, '#');
  }
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch {
    throw refused('the schema is not JSON', '#');
  }
  return new SchemaReader(schema, true, left).part(schema, '#', 0);
}

/**
 * The grammar of objects that a JSON Schema describes as far as a grammar can say it: what it cannot keep is left out, and
 * a schema that is too large is any object. For arguments of tools, which check them.
 *
 * @param left is taken from
 */
export function looseGrammar(schema: unknown, left: PartsLeft = { parts: MOST.parts }): Part {
  try {
    if (JSON.stringify(schema).length > MOST.characters) return OBJECT;
    return new SchemaReader(schema, false, left).properties();
  } catch {
    return OBJECT;
  }
}

class SchemaReader {
  readonly #root: unknown;
  readonly #isStrict: boolean;
  readonly #rules = new Map<unknown, Rule>();
  readonly #left: PartsLeft;

  constructor(root: unknown, isStrict: boolean, left: PartsLeft) {
    [this.#root, this.#isStrict, this.#left] = [root, isStrict, left];
  }

  /** @throws ChorusError `E_AGENT_INPUT` if no more parts are left */
  #take(parts: number, at: Pointer): void {
    this.#left.parts -= parts;
    if (this.#left.parts < 0) throw refused('the schema has too many parts', at);
  }

  /** Objects with the properties of the schema, whatever else it says. */
  properties(): Part {
    const { properties, required, additionalProperties } = this.#resolved(this.#root) ?? {};
    return this.#object({ properties, required, additionalProperties }, '#', 0);
  }

  part(schema: unknown, at: Pointer, depth: number): Part {
    this.#take(1, at);
    if (depth > MOST.depth)
      throw refused(`the schema has more than ${MOST.depth} parts within each other`, at);
    if (schema === true) return VALUE;
    if (!isObject(schema)) throw refused('a part of the schema is not a schema that a value could keep', at);
    const odd = Object.keys(schema).find((key) => !KNOWN.has(key));
    if (odd !== undefined)
      this.#leaveOut(`the keyword "${odd.slice(0, 60)}" is not kept here`, within(at, odd));
    const whole = WHOLE.find((key) => Object.hasOwn(schema, key));
    if (whole === undefined) return this.#typed(schema, at, depth);
    const other = Object.keys(schema).find((key) => this.#isOther(key, whole));
    if (other !== undefined) {
      this.#leaveOut(`the keyword "${other.slice(0, 60)}" is not kept next to "${whole}"`, within(at, other));
      if ('properties' in schema) return this.#typed(schema, at, depth);
    }
    if (whole === '$ref') return this.#referred(schema.$ref, within(at, '$ref'), depth);
    if (whole === 'const') return this.#values([schema.const], schema.type, within(at, 'const'));
    const several = nonEmpty(schema[whole], within(at, whole));
    if (several.length > MOST.values) {
      this.#leaveOut(`"${whole}" has at most ${MOST.values} elements`, within(at, whole));
      return VALUE;
    }
    if (whole === 'enum') return this.#values(several, schema.type, within(at, whole));
    if (whole === 'allOf' && several.length > 1) {
      this.#leaveOut('the keyword "allOf" is kept with one schema alone', within(at, whole));
      return VALUE;
    }
    if (whole === 'oneOf') this.#mustDiffer(several, within(at, whole));
    return choice(...several.map((each, i) => this.part(each, within(at, whole, i), depth + 1)));
  }

  #isOther(key: string, whole: (typeof WHOLE)[number]): boolean {
    if (key === whole || NOTES.has(key) || !KNOWN.has(key)) return false;
    return !(key === 'type' && (whole === 'const' || whole === 'enum'));
  }

  /** Leaves something out of a schema that need not be kept as it is. @throws ChorusError `E_AGENT_INPUT` otherwise */
  #leaveOut(message: string, at: Pointer): void {
    if (this.#isStrict) throw refused(message, at);
  }

  #values(values: readonly unknown[], type: unknown, at: Pointer): Part {
    const types = type === undefined ? null : [type].flat();
    const kept = values.filter((value) => types?.some((each) => overlapsValue(value, String(each))) ?? true);
    if (kept.length === 0) throw refused('the schema has no value that is of its type', at);
    return choice(...kept.map((value) => literal(JSON.stringify(value))));
  }

  #mustDiffer(schemas: readonly unknown[], at: Pointer): void {
    const resolve = (schema: unknown) => this.#resolved(schema);
    for (const [i, schema] of schemas.entries()) {
      // As many comparisons as parts.
      this.#take(i, at);
      const twin = schemas
        .slice(0, i)
        .find((each) => !areDisjoint(each as Schema, schema as Schema, resolve));
      if (twin === undefined) continue;
      this.#leaveOut(
        '"oneOf" is kept if types or constants tell its schemas apart: use "anyOf"',
        within(at, i),
      );
      return;
    }
  }

  /** The schema itself, or what it refers to. */
  #resolved(schema: unknown): Schema | null {
    let found = schema;
    for (let i = 0; i < 8 && isObject(found) && typeof found.$ref === 'string'; i++)
      found = this.#find(found.$ref);
    return isObject(found) ? found : null;
  }

  #typed(schema: Schema, at: Pointer, depth: number): Part {
    const implied = Object.keys(OF_TYPE).filter((type) => OF_TYPE[type]!.some((key) => key in schema));
    const types = schema.type === undefined ? implied : [schema.type].flat();
    if (types.length === 0) return schema.type === undefined ? VALUE : this.part(false, at, depth);
    return choice(...types.map((type) => this.#ofType(schema, type, at, depth)));
  }

  #ofType(schema: Schema, type: unknown, at: Pointer, depth: number): Part {
    switch (type) {
      case 'object':
        return this.#object(schema, at, depth);
      case 'array':
        return this.#array(schema, at, depth);
      case 'string':
        return this.#string(schema, at);
      case 'integer':
      case 'number':
        return this.#number(schema, type, at);
      case 'boolean':
        return choice(literal('true'), literal('false'));
      case 'null':
        return literal('null');
      default:
        throw refused(`the type "${String(type).slice(0, 60)}" does not exist`, within(at, 'type'));
    }
  }

  #object({ properties, required = [], additionalProperties }: Schema, at: Pointer, depth: number): Part {
    if (!Array.isArray(required)) throw refused('"required" is not a list', within(at, 'required'));
    const needed = new Set<unknown>(required);
    if (properties === undefined && needed.size === 0) {
      if (additionalProperties === false) return literal('{}');
      if (additionalProperties === undefined || additionalProperties === true) return OBJECT;
      const value = this.part(additionalProperties, within(at, 'additionalProperties'), depth + 1);
      return sequence(literal('{'), list(sequence(STRING, COLON, value)), literal('}'));
    }
    if (!isObject(properties ?? {})) throw refused('"properties" is not an object', within(at, 'properties'));
    if (additionalProperties !== undefined && additionalProperties !== false) {
      this.#leaveOut(
        'an object that names properties must allow no others',
        within(at, 'additionalProperties'),
      );
    }
    if (Object.keys(properties ?? {}).length + needed.size > MOST.properties) {
      this.#leaveOut(`an object has at most ${MOST.properties} properties`, within(at, 'properties'));
      return OBJECT;
    }
    const described = new Map(Object.entries((properties ?? {}) as Schema));
    for (const key of needed) {
      if (described.has(String(key))) continue;
      const place = within(at, 'required');
      this.#leaveOut(`the required property "${String(key).slice(0, 60)}" is not described`, place);
      described.set(String(key), true);
    }
    // From the last to the first, once as the first of the object and once after another one.
    let [first, later]: [Part, Part] = [NOTHING, NOTHING];
    for (const [key, schema] of [...described].reverse()) {
      const value = this.part(schema, within(at, 'properties', key), depth + 1);
      const member = sequence(literal(JSON.stringify(key)), COLON, value);
      const [asFirst, asLater]: [Part, Part] = [sequence(member, later), sequence(COMMA, member, later)];
      [first, later] = needed.has(key)
        ? [asFirst, asLater]
        : [choice(asFirst, first), choice(asLater, later)];
    }
    return sequence(literal('{'), first, literal('}'));
  }

  #array({ items = true, minItems, maxItems }: Schema, at: Pointer, depth: number): Part {
    const item = this.part(items, within(at, 'items'), depth + 1);
    const least = this.#length(minItems, MOST.items, within(at, 'minItems')) ?? 0;
    const most = this.#length(maxItems, MOST.items, within(at, 'maxItems'));
    if (most !== null && most < least) throw refused('an array can have no length', within(at, 'maxItems'));
    if (least === 0 && most === null) return sequence(literal('['), list(item), literal(']'));
    const more = sequence(COMMA, item);
    const fixed = Array.from({ length: least }, (_, i) => (i === 0 ? item : more));
    const unlimited: Rule = { kind: 'rule', part: null };
    unlimited.part = choice(sequence(more, unlimited), NOTHING);
    const rest = most === null ? unlimited : upTo(more, Math.max(0, most - Math.max(least, 1)));
    const inside =
      least > 0 ? sequence(...fixed, rest) : most === 0 ? NOTHING : choice(sequence(item, rest), NOTHING);
    return sequence(literal('['), inside, literal(']'));
  }

  #string({ minLength, maxLength, format }: Schema, at: Pointer): Part {
    if (format !== undefined) {
      const known = FORMATS.get(format);
      if (known && minLength === undefined && maxLength === undefined) {
        return sequence(literal('"'), known, literal('"'));
      }
      const which = `the format "${String(format).slice(0, 60)}" is not kept here`;
      this.#leaveOut(known ? 'a format is not kept next to lengths' : which, within(at, 'format'));
    }
    const least = this.#length(minLength, MOST.letters, within(at, 'minLength')) ?? 0;
    const most = this.#length(maxLength, MOST.letters, within(at, 'maxLength'));
    if (most !== null && most < least) throw refused('a string can have no length', within(at, 'maxLength'));
    this.#take(Math.ceil(Math.max(least, most ?? 0) / 4), at);
    return least === 0 && most === null ? STRING : stringOf(least, most);
  }

  #number(schema: Schema, type: 'integer' | 'number', at: Pointer): Part {
    const low = this.#bound(schema, type, ['minimum', 'exclusiveMinimum'], 1n, at);
    const high = this.#bound(schema, type, ['maximum', 'exclusiveMaximum'], -1n, at);
    if (type === 'number' && low === null && high === null) return NUMBER;
    // As large as that number of other parts.
    this.#take(low === null && high === null ? 0 : 16, at);
    const part = type === 'integer' ? integersWithin(low, high) : numbersWithin(low, high);
    if (!part) throw refused('no number is within these bounds', at);
    return part;
  }

  /** The narrower of two bounds of one side, as the least or the most number that may come; null: none. */
  #bound(
    schema: Schema,
    type: string,
    keys: readonly [string, string],
    step: 1n | -1n,
    at: Pointer,
  ): bigint | null {
    const found: bigint[] = [];
    for (const [key, isOut] of [
      [keys[0], false],
      [keys[1], true],
    ] as const) {
      const value = schema[key];
      if (value === undefined) continue;
      const isKept =
        typeof value === 'number' &&
        Number.isFinite(value) &&
        (type === 'integer' || (Number.isInteger(value) && !isOut));
      if (!isKept) {
        this.#leaveOut(
          `"${key}" is kept for integers, and for numbers if it is whole and not exclusive`,
          within(at, key),
        );
        continue;
      }
      const whole = BigInt(step === 1n ? Math.ceil(value) : Math.floor(value));
      found.push(isOut && Number.isInteger(value) ? whole + step : whole);
    }
    if (found.length === 0) return null;
    return found.reduce((one, other) => (one > other === (step === 1n) ? one : other));
  }

  #length(value: unknown, most: number, at: Pointer): number | null {
    if (value === undefined) return null;
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most)
      return value as number;
    this.#leaveOut(`a length is a whole number from 0 to ${most} here`, at);
    return null;
  }

  #referred(ref: unknown, at: Pointer, depth: number): Part {
    const target = typeof ref === 'string' ? this.#find(ref) : undefined;
    if (target === undefined) {
      this.#leaveOut(`"${String(ref).slice(0, 100)}" is nothing that this schema has`, at);
      return VALUE;
    }
    const known = this.#rules.get(target);
    if (known) return known;
    const rule: Rule = { kind: 'rule', part: null };
    this.#rules.set(target, rule);
    rule.part = this.part(target, (ref as string).slice(0, 200), depth + 1);
    return rule;
  }

  /** What a reference within the schema stands for: a JSON pointer (RFC 6901). */
  #find(ref: string): unknown {
    if (!/^#(\/|$)/.test(ref)) return undefined;
    return ref
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>(
        (at, key) =>
          (isObject(at) || Array.isArray(at)) && Object.hasOwn(at, key) ? (at as Schema)[key] : undefined,
        this.#root,
      );
  }
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value is of a type; 1.0 is a whole number. */
const overlapsValue = (value: unknown, type: string): boolean => {
  const own = typeOf(value);
  return own === type || (own === 'integer' && overlap(own, type));
};

function nonEmpty(values: unknown, at: Pointer): unknown[] {
  if (Array.isArray(values) && values.length > 0) return values;
  throw refused('a list of the schema has no elements', at);
}
