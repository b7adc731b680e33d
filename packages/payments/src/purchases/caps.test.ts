import type { Address } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Cap, type Caps, checkCaps, type Wish } from './caps.ts';
import type { Purchase } from './purchase.ts';

const TOKEN: Address = `0x${'aa'.repeat(20)}`;
const OTHER: Address = `0x${'bb'.repeat(20)}`;
const cap = (units: bigint, token = TOKEN): Cap => ({ token, units, text: `${units} CHOR` });
const NONE: Caps = { perCall: null, perDay: null, perAgentDay: null, approveAbove: null };
const wish = (change: Partial<Wish> = {}): Wish => ({
  agent: 'https://a.example/',
  token: TOKEN,
  amount: 10n,
  most: cap(100n),
  approved: false,
  ...change,
});
const bought = (amount: bigint, agent = 'https://a.example/', token = TOKEN) =>
  ({ amount, agent, token }) as Purchase;
const code = (caps: Partial<Caps>, asked: Partial<Wish> = {}, ofDay: Purchase[] = []) => {
  try {
    checkCaps({ ...NONE, ...caps }, wish(asked), ofDay);
    return null;
  } catch (error) {
    return (error as { code: string; hint: string }).code;
  }
};

describe('what may be spent', () => {
  it('is the most that the user says for the call, to the unit', () => {
    expect(code({}, { most: cap(10n) })).toBeNull();
    expect(code({}, { most: cap(9n) })).toBe('E_PAYMENT_CAP');
    expect(code({}, { most: cap(100n, OTHER) })).toBe('E_PAYMENT_CAP');
  });

  it('is the most that the owner says for a call, whatever the user says', () => {
    expect(code({ perCall: cap(10n) })).toBeNull();
    expect(code({ perCall: cap(9n) })).toBe('E_PAYMENT_CAP');
    expect(code({ perCall: cap(1_000n, OTHER) })).toBe('E_PAYMENT_CAP');
  });

  it('is what is left of the day, over all agents', () => {
    const day = [bought(50n), bought(40n, 'https://b.example/'), bought(7n, 'https://b.example/', OTHER)];
    expect(code({ perDay: cap(100n) }, {}, day)).toBeNull();
    expect(code({ perDay: cap(99n) }, {}, day)).toBe('E_PAYMENT_CAP');
  });

  it('is what is left of the day for this agent', () => {
    const day = [bought(50n), bought(1_000n, 'https://b.example/')];
    expect(code({ perAgentDay: cap(60n) }, {}, day)).toBeNull();
    expect(code({ perAgentDay: cap(59n) }, {}, day)).toBe('E_PAYMENT_CAP');
  });

  it('is asked for above a price, and no cap is lifted by a yes', () => {
    expect(code({ approveAbove: cap(10n) })).toBeNull();
    expect(code({ approveAbove: cap(9n) })).toBe('E_PAYMENT_APPROVAL');
    expect(code({ approveAbove: cap(9n) }, { approved: true })).toBeNull();
    expect(code({ approveAbove: cap(9n, OTHER) })).toBe('E_PAYMENT_APPROVAL');
    expect(code({ approveAbove: cap(9n), perCall: cap(9n) }, { approved: true })).toBe('E_PAYMENT_CAP');
  });
});
