import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GgufValue } from '../gguf/model.ts';
import { readGguf } from '../gguf/read.ts';
import { tinyModel } from '../tiny/tiny-model.ts';
import { createTokenizer } from './tokenizer.ts';

const { metadata } = readGguf(tinyModel());
const tokenizer = createTokenizer({ metadata });
const changed = (entries: Record<string, GgufValue | undefined>) => {
  const all = new Map(metadata);
  for (const [key, value] of Object.entries(entries)) {
    if (value) all.set(key, value);
    else all.delete(key);
  }
  return createTokenizer({ metadata: all });
};
const text = (value: string): GgufValue => ({ type: 'string', value });
const withTemplate = (value: string) => changed({ 'tokenizer.chat_template': text(value) });
const [START, END] = [1, 2];
const user = (content: string) => ({ role: 'user', content }) as const;
const failure = (code: string) => expect.objectContaining({ code });

/** Code points of all planes, surrogates without their pairs too. */
const anyText = fc
  .array(fc.oneof(fc.nat(0x10ffff), fc.nat(0xff), fc.integer({ min: 0xd800, max: 0xdfff })), {
    maxLength: 40,
  })
  .map((codes) => String.fromCodePoint(...codes));

describe('tokens of text', () => {
  it('joins pairs in the order of the file, within words, and digits never', () => {
    const shown = (ids: number[]) => ids.map((id) => tokenizer.decode([id]));
    expect(shown(tokenizer.encode('the user is 12'))).toEqual([
      't',
      'he',
      ' ',
      'user',
      ' ',
      'is',
      ' ',
      '1',
      '2',
    ]);
    expect(shown(tokenizer.encode('in the thing'))).toEqual(['in', ' the', ' t', 'h', 'ing']);
  });

  it('every text comes back, with unpaired surrogates as U+FFFD', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text.toWellFormed());
      }),
    );
    expect(tokenizer.decode(tokenizer.encode('\ufeffa \u{1f40c} z\u0308'))).toBe('\ufeffa \u{1f40c} z\u0308');
    expect(tokenizer.encode('')).toEqual([]);
  });

  it('the name of a control token is text', () => {
    const ids = tokenizer.encode('<|im_end|>');
    expect(ids).not.toContain(END);
    expect(tokenizer.decode(ids)).toBe('<|im_end|>');
    expect(tokenizer.decode([START, ...ids, END])).toBe('<|im_end|>');
  });

  it('a part of a letter is given as bytes', () => {
    const ids = tokenizer.encode('\u{1f40c}');
    expect(ids).toHaveLength(4);
    expect(tokenizer.decode(ids.slice(0, 3))).toBe('\ufffd');
    expect(Buffer.concat(ids.map((id) => tokenizer.bytes(id))).toString()).toBe('\u{1f40c}');
    expect(() => tokenizer.bytes(300)).toThrow(RangeError);
  });

  it('says which tokens begin and end', () => {
    expect(tokenizer).toMatchObject({
      size: 300,
      begin: START,
      end: END,
      ends: new Set([0, END]),
      converses: true,
      longest: ' user'.length - 1,
    });
  });

  it('finds whole tokens of the file in a text', () => {
    const types = metadata.get('tokenizer.ggml.token_type') as GgufValue & { type: 'array' };
    const values = types.values.map((type, id) => (id === 0 ? 4 : type)) as number[];
    const whole = changed({ 'tokenizer.ggml.token_type': { type: 'array', of: 'int32', values } });
    expect(whole.encode('a<|endoftext|>')).toEqual([...whole.encode('a'), 0]);
    expect(whole.decode([0])).toBe('<|endoftext|>');
  });

  it.each<[why: string, code: string, entries: Record<string, GgufValue | undefined>]>([
    ['another kind of vocabulary', 'E_MODEL_UNSUPPORTED', { 'tokenizer.ggml.model': text('llama') }],
    ['an unknown way to split', 'E_MODEL_UNSUPPORTED', { 'tokenizer.ggml.pre': text('constructor') }],
    ['no way to split', 'E_MODEL_UNSUPPORTED', { 'tokenizer.ggml.pre': undefined }],
    ['no tokens', 'E_MODEL_CORRUPT', { 'tokenizer.ggml.tokens': undefined }],
    [
      'a pair of three',
      'E_MODEL_CORRUPT',
      { 'tokenizer.ggml.merges': { type: 'array', of: 'string', values: ['a b c'] } },
    ],
    [
      'an end that does not exist',
      'E_MODEL_CORRUPT',
      { 'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 300 } },
    ],
  ])('refuses %s: %s', (_, code, entries) => {
    expect(() => changed(entries)).toThrow(failure(code));
  });
});

describe('tokens of a conversation', () => {
  it('are those of the template filled with the messages', () => {
    const messages = [{ role: 'system', content: 'the rules' } as const, user('hello')];
    const { encode } = tokenizer;
    const said = [
      START,
      ...encode('system\nthe rules'),
      END,
      ...encode('\n'),
      START,
      ...encode('user\nhello'),
      END,
    ];
    expect(tokenizer.encodeChat(messages)).toEqual([...said, ...encode('\n')]);
    expect(tokenizer.encodeChat(messages, { addGenerationPrompt: true })).toEqual([
      ...said,
      ...encode('\n'),
      START,
      ...encode('assistant\n'),
    ]);
  });

  it('no content makes a control token, whatever parts of names it has', () => {
    const parts = fc.constantFrom(
      '<|im_end|>',
      '<|',
      '|>',
      '<',
      '>',
      'im_',
      'end',
      'im_start|>',
      ' ',
      '\n',
      'a',
      '\ufdd0',
    );
    const content = fc.array(parts, { maxLength: 6 }).map((all) => all.join(''));
    const joining = withTemplate(
      '{% for m in messages %}{{ m.content | trim }}{{ m.content }}{% endfor %}<|im_end|>',
    );
    const wrapping = withTemplate('<|{{ messages[0].content }}|>');
    fc.assert(
      fc.property(content, content, (first, second) => {
        const chat = tokenizer.encodeChat([user(first), user(second)]);
        expect(chat.filter((id) => id <= END)).toEqual([START, END, START, END]);
        expect(tokenizer.decode(chat)).toBe(`user\n${first}\nuser\n${second}\n`);
        const joined = joining.encodeChat([user(first), user(second)]);
        expect(joined.filter((id) => id <= END)).toEqual([END]);
        expect(joining.decode(joined)).toBe(first.trim() + first + second.trim() + second);
        expect(wrapping.encodeChat([user(first)]).filter((id) => id <= END)).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(wrapping.encodeChat([user('im_end')]).filter((id) => id <= END)).toEqual([]);
  });

  it('begin with the token of beginnings if the file asks for it, once', () => {
    const always: GgufValue = { type: 'bool', value: true };
    const plain = changed({ 'tokenizer.ggml.add_bos_token': always, 'tokenizer.chat_template': text('hi') });
    expect(plain.encodeChat([user('x')])).toEqual([START, ...plain.encode('hi')]);
    const own = changed({
      'tokenizer.ggml.add_bos_token': always,
      'tokenizer.chat_template': text('{{ bos_token }}hi'),
    });
    expect(own.encodeChat([user('x')])).toEqual([START, ...own.encode('hi')]);
  });

  it('a template may ask for the date', () => {
    const dated = withTemplate("{{ strftime_now('%d %b %Y, %A %H:%M %q %%') }}");
    const now = new Date(Date.UTC(2026, 10, 3, 4, 5));
    expect(dated.decode(dated.encodeChat([], { now }))).toBe('03 Nov 2026, Tuesday 04:05 %q %');
  });

  it.each<[why: string, code: string, template: string | undefined]>([
    ['no template', 'E_MODEL_UNSUPPORTED', undefined],
    ['a template that is not understood', 'E_MODEL_UNSUPPORTED', '{% for %}'],
    ['a template that calls what does not exist', 'E_MODEL_UNSUPPORTED', '{{ process.exit() }}'],
    ['a template that is too long', 'E_MODEL_UNSUPPORTED', ' '.repeat(65_537)],
    ['a template of absurd depth', 'E_MODEL_UNSUPPORTED', `{{ ${'('.repeat(30_000)} }}`],
    ['a template that counts far', 'E_MODEL_UNSUPPORTED', '{% for i in range(1000000000) %}{% endfor %}'],
    ['a template that refuses', 'E_AGENT_INPUT', "{{ raise_exception('roles must alternate') }}"],
    [
      'a template that runs long',
      'E_MODEL_TIME',
      '{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}',
    ],
    [
      'a template that writes much',
      'E_MODEL_UNSUPPORTED',
      `{% set ns = namespace(x='${'x'.repeat(1000)}') %}{% for a in range(15) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}`,
    ],
  ])('%s: %s', (_, code, template) => {
    const odd =
      template === undefined ? changed({ 'tokenizer.chat_template': undefined }) : withTemplate(template);
    expect(() => odd.encodeChat([user('x')])).toThrow(failure(code));
  });

  it('a message with every letter that could be a guard is refused', () => {
    const all = String.fromCharCode(...Array.from({ length: 32 }, (_, i) => 0xfdd0 + i));
    expect(() => tokenizer.encodeChat([user(all)])).toThrow(failure('E_AGENT_INPUT'));
  });
});
