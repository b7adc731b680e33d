import { describe, expect, it } from 'vitest';
import { sha256Hex } from './cid.ts';
import { decodeTerms, defaultReferenceEpochs, encodeTerms, type Terms, termsDigest } from './terms.ts';
import { digitsTerms as terms } from './testing/terms.ts';

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('terms', () => {
  it('task terms round-trip and hash the same in any order of their fields', () => {
    const shuffled = Object.fromEntries(Object.entries(terms).reverse()) as Terms;
    expect(decodeTerms(encodeTerms(terms))).toEqual(terms);
    expect(termsDigest(shuffled)).toBe(termsDigest(terms));
    expect(termsDigest(terms)).toBe(sha256Hex(encodeTerms(terms)));
  });

  it('task terms are refused unless canonical, so that equal terms have one digest', () => {
    expect(() => decodeTerms(encode(terms))).toThrow('canonical');
  });

  it('the name of task terms may be in any language, without characters that steer a terminal or reverse text', () => {
    for (const name of ['Ziffern \u2013 chiffres', '\u6570\u5b57 \u{1f468}\u200d\u{1f33e}']) {
      expect(decodeTerms(encodeTerms({ ...terms, name })).name).toBe(name);
    }
    for (const evil of [
      '\u001b[2J',
      'a\u001b]0;x\u0007',
      'a\nb',
      '\u009b2J',
      'a\u202eb',
      'a\u2066b',
      'a\u2028b',
      'a\u200eb',
      'a\u200fb',
      'a\u061cb',
      'a\u200bb',
      'a\ufeffb',
      'a\u{e0041}b',
    ]) {
      expect(() => encodeTerms({ ...terms, name: evil }), JSON.stringify(evil)).toThrow('printable');
    }
  });

  it('refused task terms name the field at fault', () => {
    expect(() => encodeTerms({ ...terms, batchSize: 0 })).toThrow(
      expect.objectContaining({ code: 'E_TERMS_INVALID', facts: { field: 'batchSize' } }),
    );
    expect(() => encodeTerms({ ...terms, scale: 0.1 })).toThrow('float32');
    expect(() => encodeTerms({ ...terms, model: 'bafy\u001b[2J' })).toThrow('CID');
    expect(() => encodeTerms({ ...terms, extra: 1 } as Terms)).toThrow();
  });

  it('task terms may train adapters of a language model, on sequences of its tokens', () => {
    const language = {
      ...terms,
      data: { kind: 'tokens', inputShape: [64], classes: 49_152 },
      optimizer: { kind: 'adamw', weightDecay: 0.01 },
      adapter: { kind: 'lora', rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], seed: 1 },
    } as const;
    expect(decodeTerms(encodeTerms(language as unknown as Terms))).toEqual(language);
    const at = (field: string) => expect.objectContaining({ code: 'E_TERMS_INVALID', facts: { field } });
    const refused = (change: object, field: string) =>
      expect(() => encodeTerms({ ...language, ...change } as unknown as Terms)).toThrow(at(field));
    refused({ data: { ...language.data, inputShape: [8, 8] } }, 'data.inputShape');
    refused({ data: { ...language.data, classes: 2, classNames: ['a', 'b'] } }, 'data.classNames');
    refused({ adapter: { ...language.adapter, targets: [] } }, 'adapter.targets');
    refused({ adapter: { ...language.adapter, targets: ['q_proj', 'q_proj'] } }, 'adapter.targets');
    refused({ adapter: { ...language.adapter, targets: ['(a+)+$'] } }, 'adapter.targets.0');
    refused({ adapter: { ...language.adapter, rank: 257 } }, 'adapter.rank');
    refused({ privacy: { clip: 1000, noiseMultiplier: 1000 } }, 'optimizer');
    const sgd = { kind: 'sgd', momentum: 0, weightDecay: 0 };
    refused({ optimizer: sgd, privacy: { clip: 1000, noiseMultiplier: 1000 } }, 'privacy');
  });

  it('task terms name a rule, and may switch off its novelty', () => {
    const projection = { ...terms, rule: 'reference-projection' } as const;
    expect(decodeTerms(encodeTerms(projection))).toEqual(projection);
    expect(decodeTerms(encodeTerms({ ...projection, novelty: 'off' })).novelty).toBe('off');
    expect(() => encodeTerms({ ...terms, novelty: 'off' })).toThrow(
      expect.objectContaining({ code: 'E_TERMS_INVALID', facts: { field: 'novelty' } }),
    );
    expect(() => encodeTerms({ ...projection, novelty: 'on' } as unknown as Terms)).toThrow();
    expect(() => encodeTerms({ ...terms, rule: 'median' } as unknown as Terms)).toThrow();
    expect([1, 2, 3, 1000].map(defaultReferenceEpochs)).toEqual([3, 5, 8, 1000]);
  });

  it('task terms may carry a licence and tags, and keep their earlier encoding without them', () => {
    const licensed = { ...terms, licence: 'Apache-2.0', tags: ['vision', 'digits'] };
    expect(decodeTerms(encodeTerms(licensed))).toEqual(licensed);
    expect(new TextDecoder().decode(encodeTerms(terms))).not.toMatch(/licence|tags/);
    expect(() => encodeTerms({ ...terms, licence: 'my own; see below' })).toThrow('SPDX');
    expect(() => encodeTerms({ ...terms, tags: Array.from({ length: 9 }, () => 'a') })).toThrow();
    expect(() => encodeTerms({ ...terms, tags: ['Two Words'] })).toThrow('lower-case');
  });

  it('task terms may ask for private training in integers, and keep their earlier encoding without it', () => {
    const privacy = { clip: 1_000, noiseMultiplier: 100 };
    expect(decodeTerms(encodeTerms({ ...terms, privacy })).privacy).toEqual(privacy);
    expect(termsDigest({ ...terms, privacy })).not.toBe(termsDigest(terms));
    expect(new TextDecoder().decode(encodeTerms(terms))).not.toContain('privacy');
    for (const [field, wrong] of [
      ['privacy.clip', { ...privacy, clip: 0 }],
      ['privacy.clip', { ...privacy, clip: 0.5 }],
      ['privacy.clip', { ...privacy, clip: 1_000_001 }],
      ['privacy.noiseMultiplier', { ...privacy, noiseMultiplier: 0 }],
      ['privacy.noiseMultiplier', { ...privacy, noiseMultiplier: 1e9 }],
      ['privacy', { ...privacy, delta: 1 }],
    ] as const) {
      expect(() => encodeTerms({ ...terms, privacy: wrong as typeof privacy })).toThrow(
        expect.objectContaining({ code: 'E_TERMS_INVALID', facts: { field } }),
      );
    }
  });

  it('task terms may seal payloads, and keep their earlier encoding without it', () => {
    const sealed = { ...terms, payloads: 'sealed' } as const;
    expect(decodeTerms(encodeTerms(sealed))).toEqual(sealed);
    expect(new TextDecoder().decode(encodeTerms(terms))).not.toContain('payloads');
    expect(() => encodeTerms({ ...terms, payloads: 'public' } as unknown as Terms)).toThrow();
  });

  it('task terms may name the allowed accounts, each once and in order', () => {
    const [a, b]: [`0x${string}`, `0x${string}`] = [`0x${'0a'.repeat(20)}`, `0x${'0b'.repeat(20)}`];
    expect(decodeTerms(encodeTerms({ ...terms, allow: [a, b] })).allow).toEqual([a, b]);
    for (const allow of [[], [b, a], [a, a], [a.toUpperCase() as typeof a]]) {
      expect(() => encodeTerms({ ...terms, allow })).toThrow(
        expect.objectContaining({ code: 'E_TERMS_INVALID' }),
      );
    }
    const full = Array.from(
      { length: 128 },
      (_, i): typeof a => `0x${(i + 256).toString(16).padStart(40, '0')}`,
    );
    expect(encodeTerms({ ...terms, allow: full }).length).toBeLessThan(8192);
    expect(() => encodeTerms({ ...terms, allow: [...full, `0x${'f'.repeat(40)}`] })).toThrow();
  });

  it('task terms may name the classes, each once, one name for each class', () => {
    const named = (classNames: string[], classes = classNames.length): Terms => ({
      ...terms,
      data: { ...terms.data, classes, classNames },
    });
    expect(decodeTerms(encodeTerms(named(['Stra\u00dfe', '\u6570'])))).toEqual(
      named(['Stra\u00dfe', '\u6570']),
    );
    expect(new TextDecoder().decode(encodeTerms(terms))).not.toContain('classNames');
    for (const wrong of [
      named(['a', 'a']),
      named(['a', 'b'], 3),
      named(['a', '']),
      named(['a', ' b']),
      named(['a', 'b\u001b[2J']),
      named(['a', 'cafe\u0301']),
      named(['a', 'b'.repeat(65)]),
      named(Array.from({ length: 257 }, (_, i) => `c${i}`)),
      named(Array.from({ length: 200 }, (_, i) => `${i}`.padStart(60, 'c'))),
    ]) {
      expect(() => encodeTerms(wrong), JSON.stringify(wrong.data)).toThrow(
        expect.objectContaining({ code: 'E_TERMS_INVALID' }),
      );
    }
  });

  it('task terms are refused when they are not JSON or too long', () => {
    expect(() => decodeTerms(new Uint8Array([1, 2]))).toThrow('not JSON');
    expect(() => decodeTerms(new Uint8Array(9000))).toThrow('too long');
  });
});
