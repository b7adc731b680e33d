import { hasCode } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDecoder } from '../decoder/open.ts';
import { tinyModel } from '../tiny/tiny-model.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';
import { ConstraintTokens } from './constraint.ts';
import { takes as takesText, written } from './testing/texts.ts';

const tokenizer = createTokenizer(openDecoder(tinyModel()));
const tokens = new ConstraintTokens(tokenizer);

const write = (schema: unknown, seed: number) => written(tokens, tokens.schema(JSON.stringify(schema)), seed);
const takes = (schema: unknown, text: string) => takesText(tokens, schema as object, text);

const person = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', minimum: Number.MIN_SAFE_INTEGER },
    tags: { type: 'array', items: { enum: ['a', 'b"c'] }, maxItems: 2 },
    spouse: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
  },
  required: ['name', 'spouse'],
  additionalProperties: false,
};

describe('a text under a JSON Schema', () => {
  it('is JSON that the schema describes, whatever the tokens', () => {
    let ended = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const { text, ended: isWhole } = write(person, seed);
      if (!isWhole) continue;
      ended++;
      const value = JSON.parse(text) as Record<string, unknown>;
      expect(Object.keys(value).every((key) => Object.hasOwn(person.properties, key))).toBe(true);
      expect(typeof value.name).toBe('string');
      expect(value.spouse === null || typeof value.spouse === 'object').toBe(true);
      if (value.age !== undefined) expect(Number.isInteger(value.age)).toBe(true);
      if (value.tags !== undefined) {
        expect((value.tags as string[]).every((tag) => ['a', 'b"c'].includes(tag))).toBe(true);
        expect((value.tags as string[]).length).toBeLessThanOrEqual(2);
      }
    }
    expect(ended).toBeGreaterThan(50);
  });

  it('may be any JSON value if the schema says nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        // Numbers have bounds on their digits; surrogates that stand alone are not written.
        if (/[\d.]{17}|e[+-]?\d{3}|\\u[dD]/.test(text)) return;
        expect(takes({}, text)).toBe(true);
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it.each<[string, unknown, string[], string[]]>([
    ['types', { type: ['string', 'null'] }, ['"x"', 'null'], ['1', 'true', 'x']],
    ['numbers', { type: 'number' }, ['0', '-1.5e-7', '10'], ['01', '1.', '+1', '.5', '--1']],
    ['whole numbers', { type: 'integer' }, ['0', '-7'], ['1.0', '1e3']],
    ['strings', { type: 'string' }, ['"\u00fc \\n \u{1f40c}"', '""'], ['"', '"a\n"', '"\\x"', "'a'"]],
    ['constants', { const: { a: [1] } }, ['{"a":[1]}'], ['{"a":[2]}', '{"a": [1]}']],
    [
      'arrays',
      { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
      ['[1]', '[1, 2]'],
      ['[]', '[1,2,3]', '[1,]'],
    ],
    ['no items', { type: 'array', maxItems: 0 }, ['[]'], ['[1]']],
    ['objects of any kind', { type: 'object' }, ['{}', '{"a":{"b":[]}}'], ['[]', '{a:1}']],
    [
      'properties in order',
      { properties: { a: {}, b: {} }, required: ['b'] },
      ['{"b":1}', '{"a":1,"b":2}'],
      ['{"a":1}', '{"b":1,"a":2}', '{"b":1,}'],
    ],
  ])('%s are kept', (_, schema, good, bad) => {
    expect(good.filter((text) => !takes(schema, text))).toEqual([]);
    expect(bad.filter((text) => takes(schema, text))).toEqual([]);
  });

  it('has constants of any length, also deep within others', () => {
    const long = 'x'.repeat(15_000);
    const nested = { anyOf: [{ const: long }, { type: 'array', items: { $ref: '#' } }] };
    const text = `${'['.repeat(50)}"${long}"${']'.repeat(50)}`;
    expect(takes(nested, text)).toBe(true);
    expect(takes(nested, text.replace('xx', 'xy'))).toBe(false);
  });

  it.each<[string, unknown]>([
    ['a pattern', { type: 'string', pattern: '^a+$' }],
    ['bounds without numbers', { type: 'integer', minimum: 3, maximum: 2 }],
    ['a type that does not exist', { type: 'date' }],
    ['other properties', { type: 'object', properties: {}, additionalProperties: true }],
    ['a required property that it does not describe', { properties: { a: {} }, required: ['b'] }],
    ['a reference to nothing', { $ref: '#/$defs/none' }],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema.json' }],
    ['an empty enumeration', { enum: [] }],
    ['an array of a million', { type: 'array', minItems: 1e6 }],
    ['nothing but a number', 7],
    ['false', false],
    ['more letters than a schema may have', { enum: ['x'.repeat(20_000)] }],
    [
      'values within values without end',
      Array.from({ length: 40 }).reduce<object>((inner) => ({ type: 'array', items: inner }), {}),
    ],
  ])('a schema with %s is refused', (_, schema) => {
    expect(() => tokens.schema(JSON.stringify(schema))).toThrow(
      expect.toSatisfy((error: unknown) => hasCode(error, 'E_AGENT_INPUT')),
    );
  });

  it('a schema that refers to itself before anything else ends, and leads nowhere', () => {
    const loop = {
      $ref: '#/$defs/a',
      $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } },
    };
    const constraint = tokens.schema(JSON.stringify(loop)).begin();
    expect(() => constraint.apply(new Float32Array(tokenizer.size))).toThrow(
      expect.toSatisfy((error: unknown) => hasCode(error, 'E_AGENT_INPUT')),
    );
  });

  it('a schema whose texts can be read in ever more ways is refused when they are', () => {
    const many = { anyOf: Array.from({ length: 60 }, () => ({ type: 'array', items: { $ref: '#' } })) };
    const constraint = tokens.schema(JSON.stringify(many)).begin();
    const open = tokenizer.encode('[')[0]!;
    expect(() => {
      for (let i = 0; i < 10; i++) {
        constraint.apply(new Float32Array(tokenizer.size));
        constraint.accept(open);
      }
    }).toThrow(expect.toSatisfy((error: unknown) => hasCode(error, 'E_AGENT_INPUT')));
  });
});
