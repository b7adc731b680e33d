import type { z } from 'zod';

/** One value of the configuration. */
export interface ConfigField {
  /** Its path, such as `chain.url`. */
  key: string;
  path: readonly string[];
  schema: z.ZodType;
  /** Its default; undefined if the value is required or optional. */
  default: unknown;
  required: boolean;
  /** The variable that overrides it. */
  variable: string;
}

/** Variables with another meaning; the variables of their fields begin with a second underscore. */
const TAKEN = ['CHORUS_HOME', 'CHORUS_DATA', 'CHORUS_PASSWORD', 'CHORUS_PASSWORD_FILE'];

interface Unwrapped {
  schema: z.ZodType;
  default: unknown;
  required: boolean;
}

/** Unwrap `optional`, `default` and the like. */
function unwrap(schema: z.ZodType): Unwrapped {
  const { def } = schema as unknown as {
    def: { type: string; innerType?: z.ZodType; defaultValue?: unknown };
  };
  if (def.innerType && ['optional', 'default', 'prefault', 'readonly'].includes(def.type)) {
    const inner = unwrap(def.innerType);
    const given = def.type === 'default' || (def.type === 'prefault' && typeof def.defaultValue !== 'object');
    return { ...inner, required: false, default: given ? def.defaultValue : inner.default };
  }
  return { schema, default: undefined, required: true };
}

/** All values of a section, in the order of the schema. */
export function fieldsOf(schema: z.ZodType, path: readonly string[]): ConfigField[] {
  const { schema: inner, required, default: value } = unwrap(schema);
  const { shape } = inner as unknown as { shape?: Record<string, z.ZodType> };
  if (shape) return Object.entries(shape).flatMap(([name, part]) => fieldsOf(part, [...path, name]));
  return [{ key: path.join('.'), path, schema: inner, default: value, required, variable: variableOf(path) }];
}

/** CHORUS_CHAIN__POLL_MILLISECONDS of chain.pollMilliseconds. */
export function variableOf(path: readonly string[]): string {
  const words = path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  const name = `CHORUS_${words.join('__')}`;
  return TAKEN.includes(name) ? name.replace('CHORUS_', 'CHORUS__') : name;
}
