import { describe, expect, it } from 'vitest';
import { countPhrases, PHRASES } from '../prose/phrases.ts';
import { exceeded, lower } from '../prose/ratchet.ts';
import { oneLine, wordsOf } from './files.ts';

describe('the phrase check', () => {
  it('finds each phrase, also over two lines of a comment', () => {
    const [comment] = wordsOf(
      '/**\n * No payload is to be\n * had here; whoever asks is told.\n */',
    ).comments;
    expect(countPhrases(oneLine(comment!))).toEqual({ 'to be had': 1, 'is told': 1, whoever: 1 });
    for (const name of Object.keys(PHRASES))
      expect(countPhrases(`it ${name} x`), name).toHaveProperty([name]);
  });

  it('leaves code and plain words alone', () => {
    const { comments, strings } = wordsOf("const anew = 1; // it had told\nf('besides', `x`);");
    expect(comments.map(countPhrases)).toEqual([{}]);
    expect(strings.map(countPhrases)).toEqual([{}, {}]);
  });

  it('refuses one phrase more in an area, and allows one less', () => {
    const ceiling = { a: { anew: 2 }, b: { anew: 1 } };
    expect(exceeded(ceiling, { a: { anew: 2 }, b: {} })).toEqual([]);
    expect(exceeded(ceiling, { a: { anew: 3 } })).toEqual([
      { area: 'a', phrase: 'anew', count: 3, allowed: 2 },
    ]);
    expect(exceeded(ceiling, { c: { beside: 1 } })).toEqual([
      { area: 'c', phrase: 'beside', count: 1, allowed: 0 },
    ]);
  });

  it('lowers the ceiling, follows text that moves to another area, and never raises a total', () => {
    const ceiling = { a: { anew: 2 } };
    expect(lower(ceiling, { a: { anew: 1 } })).toEqual({ a: { anew: 1 } });
    expect(lower(ceiling, { b: { anew: 2 } })).toEqual({ b: { anew: 2 } });
    expect(() => lower(ceiling, { a: { anew: 2 }, b: { anew: 1 } })).toThrow('more than the 2 allowed');
  });
});
