type Json = unknown;

/** Statuses of problems that the API has since 0.1.0. */
const NEW_STATUSES = /(?<=^a problem: .*)(?:402|422), /g;

/**
 * A part of an OpenAPI document without what two generators word differently. `zod.toJSONSchema`, which made the
 * document before, and `@hono/zod-openapi` describe the same values, but the latter
 *
 * - allows null by a list of types, and plain types by a choice of schemas; the former does the opposite;
 * - names no bounds of a double's whole numbers, no pattern next to the format `date-time`, and no type of the names of a
 *   record, which JSON says already;
 * - has the description of a parameter at the parameter as well;
 * - calls a literal an enumeration of one.
 *
 * Problems of other statuses than then are left out of the descriptions that list them.
 */
export function reworded(part: Json): Json {
  if (Array.isArray(part)) return part.map(reworded);
  if (typeof part !== 'object' || part === null) return part;
  const words = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, reworded(value)]));
  const { propertyNames: _, ...schema } = allowingNull(words);
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.format === 'date-time') delete schema.pattern;
  if ('in' in schema && 'schema' in schema) delete schema.description;
  if (typeof schema.description === 'string') {
    schema.description = schema.description.replace(NEW_STATUSES, '');
  }
  if ('const' in schema) {
    schema.enum = [schema.const];
    delete schema.const;
  }
  return schema;
}

/** A choice between a schema and null, or between plain types, as one schema with a list of types. */
function allowingNull(schema: Record<string, Json>): Record<string, Json> {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const choices = anyOf as Record<string, Json>[];
  if (choices.every((choice) => Object.keys(choice).join() === 'type')) {
    return { ...rest, type: choices.map(({ type }) => type) };
  }
  const [some, none, ...others] = choices;
  if (none?.type !== 'null' || others.length > 0) return schema;
  // The outer description is of the whole; the inner one is of what it may be.
  const merged: Record<string, Json> = { ...some, ...rest, type: [some!.type, 'null'] };
  return Array.isArray(merged.enum) ? { ...merged, enum: [...merged.enum, null] } : merged;
}
