import { z } from 'zod';
import { isPlainLine } from '../plain-text.ts';

/** Longest schema of an input or a deliverable, bytes of its JSON. */
export const MAX_VALUE_SCHEMA_BYTES = 4_096;

/** Schemas in each other: each level multiplies what a check may cost. */
const MAX_DEPTH = 6;
/** Properties of one object, alternatives of one value, values of one list. */
const MAX_KEYS = 32;
const MAX_ALTERNATIVES = 8;
const MAX_VALUES = 64;

/** Faults of a value that are named. */
const MAX_FAULTS = 5;

/**
 * A JSON Schema (draft 2020-12) of what an offer takes or gives, without what a stranger could misuse: no references, which
 * lead elsewhere; no `pattern`, which can take for ever; no `format`, which checks nothing.
 */
export interface ValueSchema {
  title?: string | undefined;
  description?: string | undefined;
  type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null' | undefined;
  properties?: Record<string, ValueSchema> | undefined;
  required?: string[] | undefined;
  additionalProperties?: boolean | undefined;
  items?: ValueSchema | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  enum?: (string | number | boolean | null)[] | undefined;
  const?: string | number | boolean | null | undefined;
  anyOf?: ValueSchema[] | undefined;
}

const words = z.string().max(500).refine(isPlainLine, 'must be one line of printable text');
const count = z.number().int().min(0).max(1_000_000);
const plain = z.union([z.string().max(200), z.number(), z.boolean(), z.null()]);
const key = z
  .string()
  .min(1)
  .max(64)
  .refine((name) => isPlainLine(name) && name !== '__proto__', 'is no name of a property');

function levelOf(depth: number): z.ZodType<ValueSchema> {
  const inner: z.ZodType<ValueSchema> =
    depth === 0
      ? z.never({ error: `has more than ${MAX_DEPTH} schemas in each other` })
      : z.lazy(() => level(depth - 1));
  return z
    .strictObject({
      title: words.optional(),
      description: words.optional(),
      type: z.enum(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']).optional(),
      properties: z
        .record(key, inner)
        .refine((all) => Object.keys(all).length <= MAX_KEYS, `has more than ${MAX_KEYS} properties`)
        .optional(),
      required: z.array(key).max(MAX_KEYS).optional(),
      additionalProperties: z.boolean().optional(),
      items: inner.optional(),
      minItems: count.optional(),
      maxItems: count.optional(),
      minLength: count.optional(),
      maxLength: count.optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
      enum: z.array(plain).min(1).max(MAX_VALUES).optional(),
      const: plain.optional(),
      anyOf: z.array(inner).min(1).max(MAX_ALTERNATIVES).optional(),
    })
    .refine(({ type, properties, required, additionalProperties: more }) => {
      return type === 'object' || (properties === undefined && required === undefined && more === undefined);
    }, 'has keys of an object: say type: object')
    .refine(({ type, items, minItems, maxItems }) => {
      return type === 'array' || (items === undefined && minItems === undefined && maxItems === undefined);
    }, 'has keys of a list: say type: array')
    .refine(
      ({ required = [], properties = {} }) => required.every((name) => Object.hasOwn(properties, name)),
      {
        path: ['required'],
        message: 'names a property that properties does not have',
      },
    )
    .refine(
      ({ type, anyOf, enum: values, const: value }) =>
        [type, anyOf, values, value].some((each) => each !== undefined),
      'must have a type, anyOf, enum or const',
    ) as z.ZodType<ValueSchema>;
}

const levels: z.ZodType<ValueSchema>[] = [];
const level = (depth: number): z.ZodType<ValueSchema> => (levels[depth] ??= levelOf(depth));

/** Checks a schema, of a file of one's own or of a stranger. */
export const valueSchema: z.ZodType<ValueSchema> = level(MAX_DEPTH).refine(
  (schema) => Buffer.byteLength(JSON.stringify(schema)) <= MAX_VALUE_SCHEMA_BYTES,
  `has more than ${MAX_VALUE_SCHEMA_BYTES} bytes as JSON`,
);

/**
 * What is wrong with a value, by a schema that {@link valueSchema} has checked; empty if nothing is. The value itself is not
 * changed. At most 5 faults, each one line.
 */
export function valueFaults(schema: ValueSchema, value: unknown): string[] {
  const found = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value);
  if (found.success) return [];
  return found.error.issues.slice(0, MAX_FAULTS).map(({ path, message }) => {
    const at = path.map(String).join('.').slice(0, 200);
    return at === '' ? message.slice(0, 200) : `${at}: ${message.slice(0, 200)}`;
  });
}
