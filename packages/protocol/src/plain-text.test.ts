import { describe, expect, it } from 'vitest';
import { isPlainLine, plainJson, plainLine } from './plain-text.ts';

/** Each of these steers a terminal, or changes how the text around it reads. */
const EVIL = [
  '\u0000',
  '\u001b',
  '\u009b',
  '\u2028',
  '\u2029',
  '\u200b',
  '\u200e',
  '\u200f',
  '\u061c',
  '\u202e',
  '\u2066',
  '\u2060',
  '\ufeff',
  '\u00ad',
  '\u{e0041}',
];

describe('plain text', () => {
  it.each(EVIL.map((each) => [each.codePointAt(0)!.toString(16), each]))(
    'plain text has no U+%s',
    (_, character) => {
      expect(isPlainLine(`a${character}b`)).toBe(false);
      expect(plainLine(`a${character}b`)).toMatch(/^a[ \ufffd]b$/);
      const json = plainJson(JSON.stringify({ name: `a${character}b` }, null, 2));
      expect(isPlainLine(json.replaceAll('\n', ''))).toBe(true);
      expect(JSON.parse(json)).toEqual({ name: `a${character}b` });
    },
  );

  it('plain text may be in any language, with joined emoji', () => {
    for (const text of [
      'Ziffern \u2013 chiffres',
      '\u6570\u5b57 \u{1f468}\u200d\u{1f33e}',
      '\u0645\u06cc\u200c\u062e',
    ]) {
      expect(isPlainLine(text)).toBe(true);
      expect(plainLine(text)).toBe(text);
      expect(plainJson(text)).toBe(text);
    }
  });
});
