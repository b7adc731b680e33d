import type { StakesDocument } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { addressOf, fromOf, stakedToken, unitsOf } from './choose.ts';

const ACCOUNT = `0x${'aa'.repeat(20)}`;
const OTHER = `0x${'bb'.repeat(20)}`;
const TOKEN = `0x${'cd'.repeat(20)}`;
const SECOND = `0x${'ef'.repeat(20)}`;

const stakes = (positions: Partial<StakesDocument['positions'][number]>[] = []) =>
  ({
    account: ACCOUNT,
    tokens: [
      { address: TOKEN, symbol: 'CHOR', decimals: 2 },
      { address: SECOND, symbol: null, decimals: null },
    ],
    positions: positions.map((each) => ({
      owner: ACCOUNT,
      agentId: '1',
      token: TOKEN,
      shares: '5',
      ...each,
    })),
  }) as unknown as StakesDocument;

describe('an amount to stake', () => {
  it('is counted in the smallest unit, whatever the case of the address', () => {
    expect(unitsOf('12.5', TOKEN.toUpperCase().replace('0X', '0x'), stakes())).toBe('1250');
  });

  it.each(['0', '0.00', '1.234', '-1', '1e3', '1,5', '', 'all', '1'.repeat(40)])('cannot be "%s"', (text) => {
    expect(() => unitsOf(text, TOKEN, stakes())).toThrow('not an amount of the token');
  });

  it('needs a token that states its decimals', () => {
    expect(() => unitsOf('1', SECOND, stakes())).toThrow('does not state its number of decimals');
    expect(() => unitsOf('1', OTHER, stakes())).toThrow('does not state its number of decimals');
  });
});

describe('the identity with the stake', () => {
  it('is a wallet in lower case, or a number', () => {
    expect(fromOf(OTHER.toUpperCase().replace('0X', '0x'))).toBe(OTHER);
    expect(fromOf('17')).toBe('17');
    expect(() => fromOf('alice', 'the identity')).toThrow('the identity is not an address');
    for (const text of ['0x12', 'alice', '1'.repeat(21), '-1']) {
      expect(() => fromOf(text), text).toThrow('--from is not an address');
    }
    expect(() => addressOf('0x12', '--token')).toThrow('--token is not an address');
  });
});

describe('the token that a command means', () => {
  it('is the only one with stake of this account', () => {
    expect(stakedToken(stakes([{}, { agentId: '2' }]), undefined)).toBe(TOKEN);
    expect(stakedToken(stakes([{}, { token: SECOND, owner: OTHER }]), undefined)).toBe(TOKEN);
  });

  it('is not guessed if there are several, or none is left', () => {
    expect(stakedToken(stakes([{}, { token: SECOND }]), undefined)).toBeNull();
    expect(stakedToken(stakes([{ shares: '0' }]), undefined)).toBeNull();
    expect(stakedToken(stakes(), undefined)).toBeNull();
  });

  it('is that of the named wallet or number', () => {
    const both = stakes([{}, { token: SECOND, owner: OTHER, agentId: '2' }]);
    expect(stakedToken(both, OTHER)).toBe(SECOND);
    expect(stakedToken(both, '2')).toBe(SECOND);
    expect(stakedToken(both, '3')).toBeNull();
  });
});
