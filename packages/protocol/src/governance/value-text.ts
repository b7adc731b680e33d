import { ADDRESS_PATTERN } from '../hex.ts';
import { exactAmount, parseTokenAmount } from '../token-amount.ts';
import type { ParameterUnit } from './parameters.ts';

/** What values of a parameter are written with. */
export interface ValueForm {
  unit: ParameterUnit;
  /** Of an amount in tokens. */
  token: string | null;
  symbol: string | null;
  /** Null while they are not known: the smallest units are counted. */
  decimals: number | null;
}

/** Larger bounds are those of the machine, not of the rules. */
const NO_LIMIT = 2n ** 63n;

const SPANS = [
  ['day', 86_400n],
  ['h', 3600n],
  ['min', 60n],
  ['s', 1n],
] as const;

/** Seconds, exactly, in the largest units: `1 h 30 min`. */
export function spanText(seconds: bigint): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [name, length] of SPANS) {
    const count = left / length;
    left %= length;
    if (count > 0n) parts.push(`${count} ${name}${name === 'day' && count > 1n ? 's' : ''}`);
  }
  return parts.join(' ') || '0 s';
}

const shortToken = (token: string | null): string =>
  token === null ? 'the token' : `${token.slice(0, 8)}…${token.slice(-4)}`;

/** A value of a parameter for readers, with its unit. */
export function valueText({ unit, token, symbol, decimals }: ValueForm, value: string): string {
  if (unit === 'address') return value;
  const number = BigInt(value);
  if (unit === 'bps') return `${Number(number) / 100} %`;
  if (unit === 'percent') return `${number} %`;
  if (unit === 'count') return value;
  if (number >= NO_LIMIT && unit === 'seconds') return 'any time';
  if (unit === 'seconds') return spanText(number);
  if (decimals === null) return `${value} units of ${shortToken(token)}`;
  return `${exactAmount(value, decimals)} ${symbol ?? `of ${shortToken(token)}`}`;
}

/** What a parameter may be, for readers. */
export function boundsText(parameter: ValueForm & { least: string | null; most: string | null }): string {
  const { least, most, unit } = parameter;
  if (least === null || most === null) return 'any address but zero';
  if (unit === 'tokens' || BigInt(most) >= 2n ** 32n) return `at least ${valueText(parameter, least)}`;
  return `${valueText(parameter, least)} to ${valueText(parameter, most)}`;
}

/** How a person writes a value of each unit. */
export const VALUE_FORMATS: Readonly<Record<ParameterUnit, string>> = {
  bps: 'a percentage with at most two decimals, such as 2.5%',
  percent: 'a whole percentage, such as 4%',
  seconds: 'a time with its unit, such as 30s, 15min, 2h or 7d',
  count: 'a whole number',
  tokens: 'an amount in tokens, such as 12.5',
  address: 'an address',
};

const SPAN_SECONDS: Readonly<Record<string, bigint>> = { s: 1n, min: 60n, m: 60n, h: 3600n, d: 86_400n };

/**
 * A value that a person wrote, as the contract has it: always with its unit, so that no number means something else than
 * it looks like. Null if it is not written as {@link VALUE_FORMATS} says.
 */
export function parseParameterValue(
  { unit, decimals }: Pick<ValueForm, 'unit' | 'decimals'>,
  text: string,
): string | null {
  if (unit === 'address') return ADDRESS_PATTERN.test(text) ? text.toLowerCase() : null;
  if (unit === 'count') return /^\d{1,9}$/.test(text) ? text : null;
  if (unit === 'tokens')
    return decimals === null ? null : (parseTokenAmount(text, decimals)?.toString() ?? null);
  if (unit === 'seconds') {
    const span = /^(\d{1,12})\s?(s|min|m|h|d)$/.exec(text);
    return span ? (BigInt(span[1]!) * SPAN_SECONDS[span[2]!]!).toString() : null;
  }
  const percent = /^(\d{1,3})(?:\.(\d{1,2}))?\s?%$/.exec(text);
  if (!percent) return null;
  const hundredths = BigInt(percent[1]!) * 100n + BigInt((percent[2] ?? '').padEnd(2, '0'));
  if (unit === 'bps') return hundredths.toString();
  return hundredths % 100n === 0n ? (hundredths / 100n).toString() : null;
}
