import type { ParameterDocument } from '@chorus/admin-api';
import { boundsText, type ParameterName, parameterRule, spanText, valueText } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { parseChange, parseValue } from './values.ts';

const parameter = (name: ParameterName, decimals: number | null = 18): ParameterDocument => {
  const { title, unit, least, most, effect } = parameterRule(name);
  return {
    ...{
      name,
      title,
      unit,
      effect,
      token: null,
      symbol: 'CHOR',
      decimals,
      value: '1',
      preset: null,
      changed: null,
    },
    least: least === null ? null : String(least),
    most: most === null ? null : String(most),
  };
};

describe('values of parameters', () => {
  it('a value is written with its unit, and read as the contract has it', () => {
    const written: [ParameterName, string, string][] = [
      ['protocol-fee', '2.5%', '250'],
      ['protocol-fee', '0.01 %', '1'],
      ['quorum', '4%', '4'],
      ['contest-window', '30min', '1800'],
      ['unbonding-period', '7d', '604800'],
      ['minimum-phase', '5s', '5'],
      ['missed-rounds', '3', '3'],
      ['minimum-stake', '12.5', '12500000000000000000'],
      ['treasury', `0x${'Ab'.repeat(20)}`, `0x${'ab'.repeat(20)}`],
    ];
    for (const [name, text, value] of written) expect(parseValue(parameter(name), text), text).toBe(value);
  });

  it('a value without its unit, or with more digits than there are, is refused', () => {
    const wrong: [ParameterName, string][] = [
      ['protocol-fee', '250'],
      ['protocol-fee', '2.555%'],
      ['protocol-fee', '-1%'],
      ['quorum', '4.5%'],
      ['contest-window', '1800'],
      ['contest-window', '1.5h'],
      ['missed-rounds', '3.0'],
      ['minimum-stake', '1e3'],
      ['treasury', '0x12'],
    ];
    for (const [name, text] of wrong) {
      expect(() => parseValue(parameter(name), text), text).toThrow(
        expect.objectContaining({ code: 'E_USAGE' }),
      );
    }
    const unknown = parameter('minimum-stake', null);
    expect(() => parseValue(unknown, '5')).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });

  it('a value is shown exactly, in the unit in which it can be given', () => {
    expect(spanText(5400n)).toBe('1 h 30 min');
    expect(spanText(172_800n)).toBe('2 days');
    expect(spanText(0n)).toBe('0 s');
    expect(valueText(parameter('protocol-fee'), '1')).toBe('0.01 %');
    expect(valueText(parameter('minimum-stake'), '1')).toBe('0.000000000000000001 CHOR');
    expect(valueText({ ...parameter('minimum-stake'), decimals: null }, '7')).toBe('7 units of the token');
    expect(boundsText(parameter('protocol-fee'))).toBe('0 % to 5 %');
    expect(boundsText(parameter('timelock-delay'))).toBe('at least 0 s');
    expect(boundsText(parameter('treasury'))).toBe('any address but zero');
  });

  it('a change names a parameter, and for the least stake the token if it is another one', () => {
    const token = `0x${'ab'.repeat(20)}`;
    expect(parseChange('protocol-fee=2.5%')).toEqual({ name: 'protocol-fee', value: '2.5%' });
    expect(parseChange(`minimum-stake:${token}=5`)).toEqual({ name: 'minimum-stake', token, value: '5' });
    for (const text of ['protocol-fee', '=5', 'minimum-stake:0x12=5']) {
      expect(() => parseChange(text), text).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    }
  });
});
