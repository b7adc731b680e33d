import { ChorusError } from '@chorus/protocol';
import { choice, literal, NOTHING, type Part, type Rule, sequence, upTo } from './grammar.ts';
import { COLON, COMMA, INTEGER, list, NUMBER, OBJECT, STRING, VALUE } from './json-grammar.ts';

/** Bounds on a stranger's schema: each part of it costs memory, and time with each token. */
const MOST = { letters: 16_384, parts: 2_000, depth: 32, items: 64 } as const;

/** Keys that say nothing of what a value may be. */
const IGNORED = new Set([
  '$schema',
  '$id',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$comment',
]);
const KNOWN = new Set([
  ...IGNORED,
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'minItems',
  'maxItems',
  'enum',
  'const',
  'anyOf',
  'oneOf',
  '$ref',
]);
/** Bounds that any number a model writes keeps, as generators add them to every whole number. */
const isNoBound = (key: string, value: unknown): boolean =>
  typeof value === 'number' &&
  ((key === 'minimum' && value <= Number.MIN_SAFE_INTEGER) ||
    (key === 'maximum' && value >= Number.MAX_SAFE_INTEGER));

type Schema = Readonly<Record<string, unknown>>;

/**
 * The grammar of the JSON values that a JSON Schema (2020-12) describes, as far as a grammar can say it: types, properties in
 * the order of the schema, items, enumerations, alternatives and references. Objects have no other properties than those
 * that are named. Spaces are allowed after colons and commas, one each.
 *
 * @param text the schema as JSON
 * @throws ChorusError `E_AGENT_INPUT` if it is no schema, is too large, or has a keyword that a grammar cannot keep
 */
export function schemaGrammar(text: string): Part {
  if (text.length > MOST.letters) throw refused('the schema is too long', { letters: text.length });
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch {
    throw refused('the schema is not JSON', {});
  }
  return new SchemaReader(schema).part(schema, 0);
}

class SchemaReader {
  readonly #root: unknown;
  readonly #rules = new Map<unknown, Rule>();
  #count = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  part(schema: unknown, depth: number): Part {
    if (++this.#count > MOST.parts || depth > MOST.depth) {
      throw refused('the schema has too many parts', { parts: this.#count, depth });
    }
    if (schema === true) return VALUE;
    if (!isObject(schema)) throw refused('a part of the schema is not a schema', {});
    const odd = Object.keys(schema).find((key) => !KNOWN.has(key) && !isNoBound(key, schema[key]));
    if (odd !== undefined)
      throw refused('the schema has a keyword that is not kept here', { keyword: odd.slice(0, 60) });
    if ('$ref' in schema) return this.#referred(schema.$ref, depth);
    if ('const' in schema) return json(schema.const);
    if ('enum' in schema) return choice(...nonEmpty(schema.enum, 'enum').map(json));
    const alternatives = schema.anyOf ?? schema.oneOf;
    if (alternatives !== undefined) {
      return choice(...nonEmpty(alternatives, 'anyOf').map((each) => this.part(each, depth + 1)));
    }
    if (Array.isArray(schema.type)) {
      return choice(...nonEmpty(schema.type, 'type').map((type) => this.#typed(schema, type, depth)));
    }
    return schema.type === undefined && !('properties' in schema)
      ? VALUE
      : this.#typed(schema, schema.type ?? 'object', depth);
  }

  #typed(schema: Schema, type: unknown, depth: number): Part {
    switch (type) {
      case 'object':
        return 'properties' in schema ? this.#object(schema, depth) : OBJECT;
      case 'array':
        return this.#array(schema, depth);
      case 'string':
        return STRING;
      case 'integer':
        return INTEGER;
      case 'number':
        return NUMBER;
      case 'boolean':
        return choice(literal('true'), literal('false'));
      case 'null':
        return literal('null');
      default:
        throw refused('the schema has a type that does not exist', { type: String(type).slice(0, 60) });
    }
  }

  #object({ properties, required = [], additionalProperties = false }: Schema, depth: number): Part {
    if (!isObject(properties) || !Array.isArray(required) || additionalProperties !== false) {
      throw refused('an object of the schema must name its properties, and allow no others', {});
    }
    const needed = new Set(required);
    const missing = required.find((key) => !Object.hasOwn(properties, key as string));
    if (missing !== undefined)
      throw refused('a required property is not described', { property: String(missing).slice(0, 60) });
    // From the last to the first, once as the first of the object and once after another one.
    let [first, later]: [Part, Part] = [NOTHING, NOTHING];
    for (const [key, schema] of Object.entries(properties).reverse()) {
      const member = sequence(literal(JSON.stringify(key)), COLON, this.part(schema, depth + 1));
      const [asFirst, asLater]: [Part, Part] = [sequence(member, later), sequence(COMMA, member, later)];
      [first, later] = needed.has(key)
        ? [asFirst, asLater]
        : [choice(asFirst, first), choice(asLater, later)];
    }
    return sequence(literal('{'), first, literal('}'));
  }

  #array({ items = true, minItems = 0, maxItems }: Schema, depth: number): Part {
    const item = this.part(items, depth + 1);
    const [least, most] = [count(minItems), maxItems === undefined ? null : count(maxItems)];
    if (most !== null && most < least) throw refused('an array of the schema can have no length', {});
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

  #referred(ref: unknown, depth: number): Part {
    const target = typeof ref === 'string' ? this.#find(ref) : undefined;
    if (target === undefined)
      throw refused('the schema refers to what it does not have', { ref: String(ref).slice(0, 100) });
    const known = this.#rules.get(target);
    if (known) return known;
    const rule: Rule = { kind: 'rule', part: null };
    this.#rules.set(target, rule);
    rule.part = this.part(target, depth + 1);
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
        (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
        this.#root,
      );
  }
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const json = (value: unknown): Part => literal(JSON.stringify(value));

function nonEmpty(values: unknown, key: string): unknown[] {
  if (Array.isArray(values) && values.length > 0 && values.length <= MOST.parts) return values;
  throw refused('a list of the schema has no elements, or too many', { key });
}

function count(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST.items)
    return value as number;
  throw refused('the length of an array of the schema is not possible', { limit: MOST.items });
}

function refused(message: string, facts: Record<string, string | number>): ChorusError {
  return new ChorusError('E_AGENT_INPUT', message, {
    facts,
    hint: 'describe the answer by types, properties, items, enum, anyOf and $ref alone',
  });
}
