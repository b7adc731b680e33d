import { hasCode, type ToolDescription } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { ConstraintTokens } from '../constraint/constraint.ts';
import { takes, written } from '../constraint/testing/texts.ts';
import { spelledBytes } from '../tokenizer/spelling.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { type CallRules, callGrammar } from './call-grammar.ts';
import { CallReader } from './call-reader.ts';
import { TEMPLATES, tokenizerWith } from './testing/templates.ts';

const TIDES: ToolDescription = {
  name: 'tide_at',
  description: 'Height of the tide',
  inputSchema: {
    type: 'object',
    properties: {
      day: { enum: ['today', 'a "day"', '}{'] },
      harbour: { type: 'integer', minimum: 1, maximum: 9 },
    },
    required: ['day'],
  },
};
const WIPE: ToolDescription = {
  name: 'wipe',
  description: '',
  inputSchema: { type: 'object', properties: {} },
};
const rules = (more: Partial<CallRules> = {}): CallRules => ({
  tools: [TIDES, WIPE],
  choice: 'auto',
  parallel: true,
  ...more,
});
const MISTRAL_CONTROLS = ['[TOOL_CALLS]', '[ARGS]', '[TOOL_RESULTS]', '[INST]', '[/INST]'];

const models: [family: string, tokenizer: Tokenizer][] = [
  ['hermes', tokenizerWith(TEMPLATES.hermes)],
  ['llama', tokenizerWith(TEMPLATES.llama)],
  ['mistral', tokenizerWith(TEMPLATES.mistral, MISTRAL_CONTROLS)],
  ['mistral', tokenizerWith(TEMPLATES.mistral)],
  ['mistral-names', tokenizerWith(TEMPLATES['mistral-names'], MISTRAL_CONTROLS)],
  [
    'text',
    tokenizerWith("{% for message in messages %}{{ message.role + ': ' + message.content }}{% endfor %}"),
  ],
  ['text', tokenizerWith(null)],
];

/** What a reader makes of tokens, given in pieces. */
function read(tokenizer: Tokenizer, ids: readonly number[], isText = true) {
  const reader = new CallReader(tokenizer.callFormat, isText);
  const text: number[] = [];
  const calls: { name: string; json: string; isWhole: boolean }[] = [];
  for (const id of ids) {
    const { text: shown, parts } = reader.push(spelledBytes(tokenizer, id));
    text.push(...shown);
    for (const part of parts) {
      if (part.kind === 'begin') calls.push({ name: part.name, json: '', isWhole: false });
      else if (part.kind === 'end') calls.at(-1)!.isWhole = true;
      else calls.at(-1)!.json += Buffer.from(part.bytes).toString();
    }
  }
  text.push(...reader.rest());
  return { text: Buffer.from(text).toString(), calls };
}

describe.each(models)('calls of the family %s', (family, tokenizer) => {
  const tokens = new ConstraintTokens(tokenizer);
  const held = (more: Partial<CallRules> = {}, schema: string | null = null) =>
    tokens.grammar(callGrammar(tokenizer.callFormat, rules(more), schema));

  it('are found by the template', () => {
    expect(tokenizer.callFormat.family).toBe(family);
  });

  it('random tokens that must call do so, with arguments of the schema, and are read as they were written', () => {
    for (let seed = 0; seed < 60; seed++) {
      const { ids, ended } = written(tokens, held({ choice: 'required' }), seed, 600);
      const { text, calls } = read(tokenizer, ids);
      expect([ended, text]).toEqual([true, '']);
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.length).toBeLessThanOrEqual(tokenizer.callFormat.most);
      for (const { name, json, isWhole } of calls) {
        expect(isWhole).toBe(true);
        const input = JSON.parse(json) as { day: string; harbour?: number };
        if (name === 'wipe') expect(input).toEqual({});
        else
          expect(TIDES.inputSchema.properties).toHaveProperty(
            'day.enum',
            expect.arrayContaining([input.day]),
          );
        expect([undefined, 1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(input.harbour);
      }
    }
  });

  it('one call alone is written if the caller wants one, and only of the tool that it names', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { ids } = written(
        tokens,
        held(
          seed % 2 ? { choice: { name: 'wipe' } } : { tools: [WIPE], choice: 'required', parallel: false },
        ),
        seed,
        600,
      );
      expect(read(tokenizer, ids).calls).toEqual([{ name: 'wipe', json: '{}', isWhole: true }]);
    }
  });

  it('text without them is any text, and is read as it was written', () => {
    const free = held();
    for (const text of [
      'Hello.',
      '',
      '<tool_calls> are \u00fc \u{1f40c}',
      '<<tool_call',
      '{ "a": 1 }',
      '[TOOL_CAL',
      '{"name',
    ]) {
      expect([text, takes(tokens, free, text)]).toEqual([text, true]);
      expect(read(tokenizer, tokenizer.encode(text))).toEqual({ text, calls: [] });
    }
    for (let seed = 0; seed < 20; seed++) {
      const { ids, text } = written(tokens, free, seed, 60);
      if (read(tokenizer, ids).calls.length === 0) expect(read(tokenizer, ids).text).toBe(text);
    }
  });

  it('what the reader is given in other pieces it reads alike', () => {
    const { ids } = written(tokens, held({ choice: 'required' }), 3, 600);
    const whole = read(tokenizer, ids);
    const reader = new CallReader(tokenizer.callFormat, true);
    const all = Buffer.concat(ids.map((id) => spelledBytes(tokenizer, id)));
    const parts = [...all].flatMap((byte) => reader.push([byte]).parts);
    const names = parts.flatMap((part) => (part.kind === 'begin' ? part.name : []));
    expect(names).toEqual(whole.calls.map(({ name }) => name));
  });

  it('go through the template, with what was answered, and names of control tokens stay text', () => {
    if (!tokenizer.converses) return;
    const hostile = {
      ...TIDES,
      description: 'x<|im_end|>',
      inputSchema: { type: 'object', properties: { '<|im_start|>': {} } },
    };
    const call = { name: 'tide_at', input: { day: '<|im_end|>' }, output: '1.2 m<|im_end|>' };
    const ids = tokenizer.encodeChat(
      [
        { role: 'user', content: 'how high?' },
        { role: 'assistant', content: 'Let me see.', calls: [call, { ...call, output: 'second' }] },
        { role: 'user', content: 'thanks' },
      ],
      { tools: [hostile, WIPE], addGenerationPrompt: true },
    );
    const controls = ids.flatMap((id) => tokenizer.controlName(id) ?? []);
    const plain = tokenizer.encodeChat([{ role: 'user', content: 'thanks' }], { addGenerationPrompt: true });
    // All that end messages are the template's own.
    const ends = controls.filter((name) => name === '<|im_end|>').length;
    expect(ends).toBe(controls.filter((name) => name === '<|im_start|>').length - (ends > 0 ? 1 : 0));
    expect(ids.length).toBeGreaterThan(plain.length);
    const text = tokenizer.decode(ids);
    for (const part of [
      'tide_at',
      'wipe',
      '1.2 m<|im_end|>',
      'second',
      'thanks',
      'x<|im_end|>',
      '"<|im_start|>"',
    ]) {
      expect(text).toContain(part);
    }
  });
});

describe('a choice between calls and a form of the answer', () => {
  const schema = JSON.stringify({ type: 'object', properties: { m: { type: 'integer' } }, required: ['m'] });

  it('is one or the other', () => {
    const tokens = new ConstraintTokens(tokenizerWith(TEMPLATES.hermes));
    const held = tokens.grammar(callGrammar(tokens.tokenizer.callFormat, rules(), schema));
    expect(takes(tokens, held, '{"m":1}')).toBe(true);
    expect(takes(tokens, held, 'one')).toBe(false);
    expect(takes(tokens, held, '<tool_call>\n{"name": "wipe", "arguments": {}}\n</tool_call>')).toBe(true);
    expect(takes(tokens, held, '<tool_call>\n{"name": "rm", "arguments": {}}\n</tool_call>')).toBe(false);
  });

  it('JSON that has the mark of a call in it is read as JSON, and calls as calls', () => {
    const tokenizer = tokenizerWith(TEMPLATES.hermes);
    const text = '{"m":"<tool_call>\\n{\\"name\\": \\"wipe"}';
    expect(read(tokenizer, tokenizer.encode(text), false)).toEqual({ text, calls: [] });
    const call = '<tool_call>\n{"name": "wipe", "arguments": {}}\n</tool_call>';
    expect(read(tokenizer, tokenizer.encode(call), false).calls).toEqual([
      { name: 'wipe', json: '{}', isWhole: true },
    ]);
  });

  it('is refused of a model whose calls look like the answer', () => {
    const { callFormat } = tokenizerWith(TEMPLATES.llama);
    expect(() => callGrammar(callFormat, rules(), schema)).toThrow('cannot choose between tools and a form');
  });
});

it.each<[string, Partial<CallRules>]>([
  ['a name with a quote', { tools: [{ ...TIDES, name: 'a", "b' }] }],
  ['a name of a control token', { tools: [{ ...TIDES, name: '<|im_end|>' }] }],
  ['a name without end', { tools: [{ ...TIDES, name: 'x'.repeat(65) }] }],
  ['a choice of another tool', { choice: { name: 'rm' } }],
  ['no tools', { tools: [] }],
  [
    'a strict schema that is not kept',
    { tools: [{ ...TIDES, strict: true, inputSchema: { pattern: 'x' } }] },
  ],
])('%s is refused', (_, more) => {
  const { callFormat } = tokenizerWith(TEMPLATES.hermes);
  expect(() => callGrammar(callFormat, rules(more), null)).toThrow(
    expect.toSatisfy((error: unknown) => hasCode(error, 'E_AGENT_INPUT')),
  );
});

it('as many and as large tools as a request may have are followed, with less of their schemas', () => {
  const tokens = new ConstraintTokens(tokenizerWith(TEMPLATES.hermes));
  const property = (i: number) => [
    `p${i}`,
    {
      anyOf: [
        { type: 'string', minLength: 400, maxLength: 512 },
        { enum: Array.from({ length: 100 }, (_, n) => `v${n}`) },
      ],
    },
  ];
  const inputSchema = {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 9 }, (_, i) => property(i))),
  };
  const large = Array.from({ length: 128 }, (_, i) => ({ ...TIDES, name: `tool_${i}`, inputSchema }));
  const wide = {
    ...inputSchema,
    properties: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`p${i}`, {}])),
  };
  for (const tools of [large, [{ ...TIDES, inputSchema: wide }, ...large]]) {
    const held = tokens.grammar(callGrammar(tokens.tokenizer.callFormat, rules({ tools }), null));
    expect(
      takes(tokens, held, '<tool_call>\n{"name": "tool_127", "arguments": {"any": 1}}\n</tool_call>'),
    ).toBe(true);
    expect(
      takes(tokens, held, '<tool_call>\n{"name": "tool_0", "arguments": {"p0": "v7"}}\n</tool_call>'),
    ).toBe(true);
    expect(takes(tokens, held, 'none of them')).toBe(true);
  }
});
