type Schema = Readonly<Record<string, unknown>>;

/**
 * Whether no value is described by both of two schemas, as far as their types, constants and required properties say:
 * `oneOf` of such schemas is the same as `anyOf`.
 *
 * @param resolve what a schema stands for that is a reference
 */
export function areDisjoint(a: Schema, b: Schema, resolve: (schema: unknown) => Schema | null): boolean {
  const [one, other] = [resolve(a), resolve(b)];
  if (!one || !other) return false;
  const [values, others] = [valuesOf(one), valuesOf(other)];
  if (values && others) return !values.some((value) => others.includes(value));
  const [types, otherTypes] = [typesOf(one), typesOf(other)];
  if (!types || !otherTypes) return false;
  if (!types.some((type) => otherTypes.some((each) => overlap(type, each)))) return true;
  return (
    types.length === 1 && types[0] === 'object' && otherTypes.length === 1 && differ(one, other, resolve)
  );
}

/** Whether two objects have a property in common that tells them apart. */
function differ(one: Schema, other: Schema, resolve: (schema: unknown) => Schema | null): boolean {
  const [properties, others] = [one.properties, other.properties].map((each) => (each ?? {}) as Schema);
  const required = (schema: Schema, key: string) =>
    Array.isArray(schema.required) && schema.required.includes(key);
  return Object.keys(properties!).some((key) => {
    if (!Object.hasOwn(others!, key) || !required(one, key) || !required(other, key)) return false;
    const [values, otherValues] = [properties![key], others![key]].map((each) => {
      const schema = resolve(each);
      return schema && valuesOf(schema);
    });
    return Boolean(values && otherValues && !values.some((value) => otherValues.includes(value)));
  });
}

/** The values that a schema names, as JSON; null if it names none. */
function valuesOf({ const: only, enum: several, ...rest }: Schema): string[] | null {
  if (Array.isArray(several)) return several.map((value) => JSON.stringify(value));
  if (only !== undefined) return [JSON.stringify(only)];
  return rest.type === 'null' ? ['null'] : null;
}

function typesOf(schema: Schema): string[] | null {
  const values = valuesOf(schema);
  if (values) return values.map((json) => typeOf(JSON.parse(json)));
  if (Array.isArray(schema.type)) return schema.type.map(String);
  return typeof schema.type === 'string' ? [schema.type] : null;
}

/** The type of JSON Schema that a value has. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

/** Whether a value may be of both types. */
export const overlap = (one: string, other: string): boolean =>
  one === other || (one === 'integer' && other === 'number') || (one === 'number' && other === 'integer');
