import { hasCode } from '@chorus/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDecoder } from '../decoder/open.ts';
import { randomNumbers } from '../tiny/random-numbers.ts';
import { tinyModel } from '../tiny/tiny-model.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';
import { ConstraintTokens } from './constraint.ts';
import { looseGrammar } from './schema-grammar.ts';
import { takes, written } from './testing/texts.ts';

const tokens = new ConstraintTokens(createTokenizer(openDecoder(tinyModel())));
const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false });
const isValid = (schema: object, text: string): boolean => ajv.validate(schema, JSON.parse(text)) as boolean;

/** Random schemas of all keywords that are kept, some of them with others, and references to each other. */
const anySchema = fc.letrec<{ schema: object }>((tie) => {
  const notes = fc.record(
    { title: fc.string({ maxLength: 5 }), default: fc.jsonValue({ maxDepth: 1 }) },
    { requiredKeys: [] },
  );
  const length = fc.option(fc.nat(4), { nil: undefined });
  const bound = fc.option(fc.oneof(fc.integer({ min: -120, max: 120 }), fc.constantFrom(0.5, -1e20, 1e20)), {
    nil: undefined,
  });
  const key = fc.constantFrom('a', 'b', 'long name', 'q"\\', '\u00fc');
  const value = fc.jsonValue({ maxDepth: 2 });
  const typed = fc.oneof(
    fc.record({ type: fc.constantFrom('boolean', 'null', 'integer', 'number', 'string', 'object', 'array') }),
    fc.record({ type: fc.constant('string'), minLength: length, maxLength: length }),
    fc.record({
      type: fc.constantFrom('integer', 'number'),
      minimum: bound,
      maximum: bound,
      exclusiveMinimum: bound,
      exclusiveMaximum: bound,
    }),
    fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: length, maxItems: length }),
    fc.record({ type: fc.constant('object'), additionalProperties: fc.oneof(fc.boolean(), tie('schema')) }),
    fc
      .tuple(fc.dictionary(key, tie('schema'), { maxKeys: 3 }), fc.uniqueArray(key, { maxLength: 2 }))
      .map(([properties, required]) => ({ type: 'object', properties, required })),
    fc.record({
      type: fc.constantFrom(['string', 'null'], ['integer', 'array']),
      items: tie('schema'),
      minLength: length,
    }),
  );
  return {
    schema: fc
      .tuple(
        fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          typed,
          fc.record({ enum: fc.array(value, { minLength: 1, maxLength: 4 }) }),
          fc.record({ const: value, type: fc.constantFrom(undefined, 'string', 'integer') }),
          fc.record({
            anyOf: fc.array(tie('schema') as fc.Arbitrary<object>, { minLength: 1, maxLength: 3 }),
          }),
          fc.record({
            oneOf: fc.array(tie('schema') as fc.Arbitrary<object>, { minLength: 1, maxLength: 2 }),
          }),
          fc.record({
            allOf: fc.array(tie('schema') as fc.Arbitrary<object>, { minLength: 1, maxLength: 1 }),
          }),
          // A schema that refers to itself before anything else describes nothing.
          fc.constantFrom(
            { type: 'array', items: { $ref: '#/$defs/x' } },
            { properties: { a: { $ref: '#' }, b: { $ref: '#/$defs/x' } }, required: ['b'] },
          ),
          // What is not kept: refused, and never left out.
          fc.record({ type: fc.constant('string'), pattern: fc.constant('^b') }),
          fc.record({ type: fc.constant('array'), uniqueItems: fc.constant(true) }),
          fc.record({
            properties: fc.constant({ a: {} }),
            anyOf: fc.array(typed, { minLength: 1, maxLength: 2 }),
          }),
        ),
        notes,
      )
      .map(([schema, more]) => JSON.parse(JSON.stringify({ ...schema, ...more })) as object),
  };
}).schema;

const anyRoot = fc.oneof(
  { weight: 9, arbitrary: anySchema },
  { weight: 1, arbitrary: fc.constant({ anyOf: [{ $ref: '#/$defs/x' }, { type: 'null' }] }) },
);

/** What random tokens make of a schema; null if it is refused, or says nothing that could be written. */
function random(schema: object, seed: number): { text: string; ended: boolean } | null {
  try {
    return written(tokens, tokens.schema(JSON.stringify(schema)), seed, 150);
  } catch (error) {
    if (hasCode(error, 'E_AGENT_INPUT')) return null;
    throw error;
  }
}

describe('random schemas', () => {
  it('random tokens make values that another validator accepts, or the schema is refused', () => {
    const seen = { valid: 0, refused: 0, cut: 0 };
    fc.assert(
      fc.property(anyRoot, anySchema, fc.nat(1000), (root, $defs, seed) => {
        const schema = { ...root, $defs: { x: $defs } };
        const found = random(schema, seed);
        if (!found) seen.refused++;
        else if (!found.ended) seen.cut++;
        else {
          seen.valid++;
          expect(isValid(schema, found.text)).toBe(true);
        }
      }),
      { numRuns: 600, seed: 5 },
    );
    // As many as say something.
    expect(seen.valid).toBeGreaterThan(150);
  });
});

describe('bounds', () => {
  it.each([
    [{ minimum: -12, maximum: 105 }, -130, 130],
    [{ exclusiveMinimum: 99, exclusiveMaximum: 1002 }, 90, 1010],
    [{ minimum: 7 }, -20, 120],
    [{ maximum: -3.5 }, -120, 20],
  ])('whole numbers within %j are those, and no others', (bounds, from, to) => {
    const schema = { type: 'integer', ...bounds };
    for (let value = from; value <= to; value++) {
      expect([value, takes(tokens, schema, String(value))]).toEqual([value, isValid(schema, String(value))]);
    }
  });

  it('numbers with decimals are within their bounds', () => {
    const schema = { type: 'number', minimum: -2, maximum: 11 };
    const texts = [
      '-2',
      '-2.0',
      '-2.1',
      '-1.99',
      '-0',
      '0.5',
      '10.999',
      '11',
      '11.000',
      '11.001',
      '12',
      '-0.1',
    ];
    for (const text of texts)
      expect([text, takes(tokens, schema, text)]).toEqual([text, isValid(schema, text)]);
  });

  it('strings have as many letters as they may, whatever their bytes', () => {
    const schema = { type: 'string', minLength: 2, maxLength: 4 };
    for (const text of ['a', 'ab', '\u00fc\u{1f40c}', '\\n\\u00e9', 'the ', 'the s', '\u{1f40c}'.repeat(5)]) {
      const json = `"${text}"`;
      expect([json, takes(tokens, schema, json)]).toEqual([json, isValid(schema, json)]);
    }
  });

  it.each([
    ['date', ['2026-11-30', '2024-02-28'], ['2026-11-31', '2026-13-01', '2026-1-1']],
    [
      'date-time',
      ['2026-11-30T17:05:00Z', '2026-11-30T23:59:59.123+02:00'],
      ['2026-11-30T24:00:00Z', '2026-11-30'],
    ],
    ['uuid', ['0b7e3a52-91d4-4c4b-8a57-3f0e6f0f6a11'], ['0b7e3a52']],
  ])('strings of the format %s are', (format, good, bad) => {
    for (const [texts, expected] of [
      [good, true],
      [bad, false],
    ] as const) {
      for (const text of texts)
        expect([text, takes(tokens, { type: 'string', format }, `"${text}"`)]).toEqual([text, expected]);
    }
  });
});

describe('a schema that is not kept', () => {
  it.each<[object, string]>([
    [
      { properties: { a: { type: 'string', pattern: 'x' } } },
      'the keyword "pattern" is not kept here, at #/properties/a/pattern',
    ],
    [
      { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer', multipleOf: 2 }] } },
      '#/items/anyOf/1/multipleOf',
    ],
    [{ properties: { 'a/b': { format: 'email' } } }, '#/properties/a~1b/format'],
    [{ properties: { a: {} }, anyOf: [{ required: ['a'] }] }, 'not kept next to "anyOf", at #/properties'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, '"oneOf" is kept if'],
    [{ type: 'object', required: ['b'] }, 'the required property "b" is not described, at #/required'],
    [
      { $ref: '#/$defs/a', $defs: { a: { items: { not: {} } } } },
      'the keyword "not" is not kept here, at #/$defs/a/items/not',
    ],
    [{ type: 'number', exclusiveMinimum: 0 }, '#/exclusiveMinimum'],
    [{ type: 'string', maxLength: 1e6 }, '#/maxLength'],
    [{ enum: Array.from({ length: 600 }, (_, i) => i) }, '"enum" has at most 500 elements, at #/enum'],
  ])('%j is refused by the name and the place of what is not kept', (schema, message) => {
    expect(() => tokens.schema(JSON.stringify(schema))).toThrow(message);
  });

  it('is followed as far as it can be for the arguments of a tool', () => {
    const schema = {
      properties: { day: { type: 'string', pattern: '^[A-Z]' }, at: { type: 'integer', multipleOf: 5 } },
      required: ['day', 'other'],
      additionalProperties: true,
      not: { required: ['x'] },
    };
    const loose = (text: string) => takes(tokens, tokens.grammar(looseGrammar(schema)), text);
    expect(loose('{"day": "monday", "at": 3, "other": [1]}')).toBe(true);
    expect(loose('{"day": "monday"}')).toBe(false);
    expect(loose('{"day": 5, "other": 1}')).toBe(false);
    for (const odd of [
      { $ref: 'https://example.com' },
      { enum: Array(3000).fill('x'.repeat(10)) },
      null,
      { type: 'string' },
    ]) {
      expect(takes(tokens, tokens.grammar(looseGrammar(odd)), '{"any":1}')).toBe(true);
      expect(takes(tokens, tokens.grammar(looseGrammar(odd)), '"text"')).toBe(false);
    }
  });
});

it('a schema that many texts were held to still holds further ones', () => {
  const constraints = tokens.schema('{}');
  const [list, object] = ['[', '{"":'].map((text) => tokens.tokenizer.encode(text));
  for (let seed = 0; seed < 150; seed++) {
    const constraint = constraints.begin();
    const next = randomNumbers(seed);
    for (let depth = 0; depth < 90; depth++) {
      for (const id of next() < 0.5 ? list! : object!) constraint.accept(id);
    }
  }
  expect(takes(tokens, constraints, '[1]')).toBe(true);
});
