import { describe, expect, it } from 'vitest';
import { MAX_VALUE_SCHEMA_BYTES, type ValueSchema, valueFaults, valueSchema } from './value-schema.ts';

const schema: ValueSchema = {
  type: 'object',
  properties: {
    text: { type: 'string', minLength: 1, maxLength: 10 },
    kind: { enum: ['short', 'long'] },
    numbers: { type: 'array', items: { type: 'integer', minimum: 0 }, maxItems: 3 },
  },
  required: ['text'],
  additionalProperties: false,
};

describe('the schema of a value', () => {
  it('a value that fits has no faults, and each fault of another one names its place', () => {
    expect(valueSchema.parse(schema)).toEqual(schema);
    expect(valueFaults(schema, { text: 'hi', kind: 'long', numbers: [1, 2] })).toEqual([]);
    const faults = valueFaults(schema, { text: '', kind: 'wide', numbers: [1.5], more: 1 });
    expect(faults.join('\n')).toMatch(/text: .*\n.*kind: .*\n.*numbers\.0: .*\n.*more/);
    expect(valueFaults(schema, null)).toHaveLength(1);
    expect(valueFaults(schema, JSON.parse('{"text":"a","__proto__":{}}'))).toHaveLength(1);
    expect(valueFaults({ anyOf: [{ type: 'string' }, { type: 'null' }] }, 3)).toHaveLength(1);
  });

  it('a schema that leads elsewhere, never ends, promises nothing or is too large is refused', () => {
    let deep: object = { type: 'string' };
    for (let i = 0; i < 8; i++) deep = { type: 'array', items: deep };
    for (const bad of [
      { $ref: '#' },
      { type: 'string', pattern: '(a+)+$' },
      { type: 'string', format: 'email' },
      {},
      { type: 'banana' },
      { type: 'object', properties: { a: { type: 'string' } }, required: ['b'] },
      { type: 'string', properties: {} },
      { type: 'object', items: { type: 'string' } },
      { enum: Array.from({ length: 60 }, (_, i) => `${i}`.padStart(MAX_VALUE_SCHEMA_BYTES / 60, 'x')) },
      deep,
      'text',
    ]) {
      expect(valueSchema.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
    }
  });

  it('a property that would reach behind an object is not read', () => {
    const hostile = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}');
    expect(valueSchema.parse(hostile)).toEqual({ type: 'object', properties: {} });
  });

  it('many faults are cut to a few', () => {
    const list = { type: 'array' as const, items: { type: 'string' as const } };
    expect(valueFaults(list, Array(1_000).fill(1))).toHaveLength(5);
  });
});
