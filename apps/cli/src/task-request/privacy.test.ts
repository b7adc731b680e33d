import { describe, expect, it } from 'vitest';
import { privacyTerm } from './privacy.ts';

describe('--privacy', () => {
  it('--privacy gives clip and noise, in thousandths in the terms; without a value it means the default', () => {
    expect(privacyTerm('1.5:0.25')).toEqual({ clip: 1_500, noiseMultiplier: 250 });
    expect(privacyTerm(true)).toEqual({ clip: 3_000, noiseMultiplier: 500 });
  });

  it.each(['', '1', '1:', ':1', '1:2:3', '0:1', '1:0', '1:-1', 'a:b', '1001:1', '1:0.0001'])(
    'refuses %j',
    (given) => {
      expect(() => privacyTerm(given)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    },
  );
});
