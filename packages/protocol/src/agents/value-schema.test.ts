import fc from 'fast-check';
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

  it('whatever schema is accepted, a check with it ends with faults and no error', () => {
    const plain = fc.oneof(fc.string({ maxLength: 5 }), fc.integer(), fc.boolean(), fc.constant(null));
    const { schema: any } = fc.letrec<{ schema: object }>((tie) => ({
      schema: fc.oneof(
        { depthSize: 'small' },
        fc.record({ enum: fc.array(plain, { minLength: 1, maxLength: 3 }) }),
        fc.record({ const: plain }),
        fc.record(
          {
            type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'null'),
            minimum: fc.integer(),
            maxLength: fc.nat(9),
          },
          { requiredKeys: ['type'] },
        ),
        fc.record(
          { type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3) },
          { requiredKeys: ['type'] },
        ),
        fc.record({
          type: fc.constant('object'),
          properties: fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), tie('schema'), { maxKeys: 3 }),
          additionalProperties: fc.boolean(),
        }),
        fc.record(
          { anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }), type: fc.constant('string') },
          { requiredKeys: ['anyOf'] },
        ),
      ),
    }));
    fc.assert(
      fc.property(any, fc.jsonValue(), (given, value) => {
        const read = valueSchema.safeParse(given);
        if (read.success) expect(valueFaults(read.data, value).length).toBeLessThanOrEqual(5);
      }),
    );
  });

  it('many faults are cut to a few', () => {
    const list = { type: 'array' as const, items: { type: 'string' as const } };
    expect(valueFaults(list, Array(1_000).fill(1))).toHaveLength(5);
  });
});
